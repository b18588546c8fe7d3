/** `kubectl squall …` as people have it: a process that kubectl finds on the PATH, a kubeconfig, and nothing else of Squall on their machine. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experiments, nodeTasks } from '../../../src/control/index.ts';
import { adminOf } from './client.ts';
import { experimentText, type Operated, runSpec, startOperated, type TestOperator } from './operated.ts';
import { makePerson, type Person } from './person.ts';
import { until } from './until.ts';

const admin = adminOf();
const namespace = 'plugin';
const stack = new AsyncDisposableStack();
const short = { duration: '3s' };

let operated: Operated;
let operator: TestOperator;
let pat: Person;

beforeAll(async () => {
  operated = stack.use(await startOperated(admin, namespace));
  operator = await operated.operate('plugin');
  pat = stack.use(await makePerson(admin, 'pat', { namespace, roles: ['squall-run'], everywhere: ['squall-preview'] }));
});
afterAll(async () => {
  await stack.disposeAsync();
  admin[Symbol.dispose]();
});

async function squall(...args: string[]) {
  return await pat.kubectl(['squall', ...args]);
}

function manifestFile(name: string, spec: object): string {
  const file = join(pat.home, `${name}.yaml`);
  // JSON is YAML.
  writeFileSync(file, experimentText({ name, namespace }, spec));
  return file;
}

describe('kubectl squall', () => {
  it('preview says who a manifest would hurt, and writes nothing', async () => {
    const { code, stdout } = await squall('preview', manifestFile('planned', { ...runSpec(namespace), ...short }));
    expect(code).toBe(0);
    expect(stdout).toContain('plugin/planned hurts 1 pod on 1 node for 3s (before 1s, after 1s, lease 10s)');
    expect(stdout).toMatch(/^ {2}plugin\/web +- +node-a +eth0 +delay 200ms +every address +.*10\.9\.0\.1/m);
    expect(stdout).toMatch(/^ {2}client-reaches-web +plugin\/client +tcp 10\.1\.0\.1 port 80$/m);
    expect((await admin.store.list(experiments, { namespace })).items).toEqual([]);
    expect((await admin.store.list(nodeTasks, { namespace: 'squall-system' })).items).toEqual([]);
  });

  it('preview says why a run would be refused, and exits with 3', async () => {
    const fault = { ...runSpec(namespace).fault, targets: [{ kind: 'pod', name: 'nobody' }] };
    const { code, stdout } = await squall('preview', manifestFile('aimless', { ...runSpec(namespace), fault }));
    expect(stdout).toMatch(/^plugin\/aimless would be Refused: \w+: .*nobody/);
    expect(code).toBe(3);
  });

  it('status -w shows a run from its beginning to its verdict while it goes on, until it is interrupted', async () => {
    const watch = pat.start(['squall', 'status', '-w']);
    let shown = '';
    watch.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
    const untilShown = async (text: string): Promise<void> => {
      await until(text, () => Promise.resolve(shown.includes(text)), { instead: () => shown });
    };
    try {
      await untilShown('residue 0');
      expect(shown).not.toContain('experiment ');
      await operated.begin('watched', short);
      await untilShown('experiment plugin/watched during');
      await untilShown('experiment plugin/watched done Passed (SteadyStateHeld)');
    } finally {
      watch.kill('SIGINT');
      if (watch.exitCode === null && watch.signalCode === null) await once(watch, 'exit');
    }
    expect(watch.exitCode).toBe(0);
    const { code, stdout } = await squall('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}NAME +PHASE +LEFT +TARGETS +VERDICT +REASON +AGE$/m);
    expect(stdout).toMatch(/^ {2}plugin\/watched +done +- +1 +Passed +SteadyStateHeld +\S+/m);
  });

  it('abort ends a run, waits for the proof that its fault is undone, and leaves the reason with the run', async () => {
    await operated.begin('endless', { duration: '10m' });
    await operated.untilRun('endless', ({ status }) => status?.phase === 'during');
    const { code, stdout, stderr } = await squall('abort', 'endless', '--reason', 'enough seen');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^plugin\/endless: Aborted \(AbortRequested\); first target clean \S+Z, last \S+Z; residue 0\n$/);
    const { status } = await operated.untilDone('endless');
    expect(status).toMatchObject({ verdict: 'Aborted', reason: 'AbortRequested', message: 'enough seen', residue: 0 });
    expect(operated.faultOrdersOf('endless')).toEqual(['apply', 'undo']);
    expect(await squall('abort', 'endless')).toMatchObject({
      code: 7,
      stderr: "squall: NotFound: no run 'endless' is active; no run is\n",
    });
  });
});

describe('kubectl squall report, when no operator is left', () => {
  beforeAll(async () => {
    for (const name of ['watched', 'endless']) await operated.untilReported(name);
    await operator.stop();
  });

  it.each([
    ['watched', 'Passed', 'SteadyStateHeld'],
    ['endless', 'Aborted', 'AbortRequested: enough seen'],
  ])('tells of the run %s its verdict %s to whoever has a kubeconfig', async (name, verdict, reason) => {
    const { code, stdout } = await squall('report', name);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${verdict}  .*  plugin/${name}, `, 'm'));
    expect(stdout).toMatch(new RegExp(`^  reason +${reason}`, 'm'));
    expect(stdout).toMatch(/^ {2}hypothesis +client-reaches-web +before ✓/m);
    const json = JSON.parse((await squall('report', name, '-o', 'json')).stdout) as { verdict: string; residue: number };
    expect(json).toMatchObject({ verdict, residue: 0 });
  });
});
