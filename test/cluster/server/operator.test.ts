/** Two operators with the shipped roles on a real API server, and an agent that answers as the tests tell it to. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStoredJournal } from '../../../src/cluster/index.ts';
import { events } from '../../../src/cluster/operator/event-recorder.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { buildReport } from '../../../src/report/index.ts';
import { adminOf } from './client.ts';
import { type Operated, startOperated, type TestOperator } from './operated.ts';

const admin = adminOf();
const namespace = 'operated';

let operated: Operated;
let leader: TestOperator;

beforeAll(async () => {
  operated = await startOperated(admin, namespace);
});
afterAll(async () => {
  await operated[Symbol.asyncDispose]();
  admin[Symbol.dispose]();
});

describe('operators on a cluster', () => {
  it('run an experiment to its verdict, with events and a report that kubectl shows', async () => {
    leader = await operated.operate('first');
    await operated.begin('one');
    const { status } = await operated.untilDone('one');
    expect(status).toMatchObject({ verdict: 'Passed', residue: 0 });
    await operated.untilReported('one');
    const report = buildReport(await readStoredJournal(admin.store, namespace, 'one'));
    expect(report).toMatchObject({ verdict: 'Passed', warnings: [] });
    expect(report.hypothesis.map(({ phase, outcome }) => `${phase} ${outcome}`)).toEqual([
      'before held',
      'during held',
      'after held',
    ]);
    const reasons = async (kind: string): Promise<string[]> => {
      const { items } = await admin.store.list(events, { namespace });
      return items.filter(({ regarding }) => regarding.kind === kind).map(({ reason }) => reason);
    };
    await expect.poll(() => reasons('Pod'), { timeout: 30_000 }).toContain('Passed');
    expect((await reasons('NetworkExperiment')).sort()).toEqual(['FaultInjected', 'FaultUndone', 'Passed', 'Started']);
    expect(await admin.must(['describe', 'pod', 'web', '-n', namespace])).toMatch(/FaultInjected.*active on 1 target/);
    expect(await admin.must(['get', 'nodetasks', '-n', 'squall-system', '-o', 'name'])).toBe('');
  });

  it.each([
    ['stops', (former: TestOperator) => former.stop()],
    [
      'hears nothing more of the API server',
      (former: TestOperator) => {
        former.store.cut = true;
        return Promise.resolve();
      },
    ],
  ])('go on with the run of a leader that %s', async (what, end) => {
    const name = `taken-over-when-it-${what.split(' ')[0] ?? ''}`;
    const former = leader;
    const next = `after ${what}`;
    leader = await operated.operate(next);
    await operated.begin(name, { duration: '30s' });
    await operated.untilRun(name, ({ status }) => status?.phase === 'during');
    // The tasks' statuses do not reach back to the first measurements any more.
    await systemClock.sleep(24_000);
    await end(former);
    await operated.untilLeads(next);
    const { status } = await operated.untilDone(name);
    expect(status).toMatchObject({ verdict: 'Passed', residue: 0 });
    expect(operated.faultOrdersOf(name)).toEqual(['apply', 'undo']);
    await operated.untilReported(name);
    const { warnings } = buildReport(await readStoredJournal(admin.store, namespace, name));
    expect(warnings).toEqual([expect.stringMatching(/took over in 'during'/)]);
  });
});
