/** What experiments refer to, on a cluster: rights were asked for by what an experiment itself says, so the rest must not lead further. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiVersion } from '../../../src/api/index.ts';
import { adminOf } from './client.ts';
import { type Operated, runSpec, startOperated } from './operated.ts';

const admin = adminOf();
const namespace = 'referring';
const elsewhere = 'referred-to';

let operated: Operated;

const { fault, hypothesis } = runSpec(namespace);
const target = (where: string) => ({ kind: 'pod', namespace: where, name: 'web' });
const shaper = (more: object) => ({ kind: 'NetworkTrafficShaper', spec: { ...fault, ...more } });
const test = (where: string) => ({
  kind: 'NetworkConnectivityTest',
  spec: { ...hypothesis[0]?.connectivity, source: { namespace: where, name: 'client' } },
});
const byShaper = { fault: { ref: 'referred' } };
const byTest = { hypothesis: [{ ...hypothesis[0], connectivity: { ref: 'referred' } }] };

beforeAll(async () => {
  operated = await startOperated(admin, namespace);
  await operated.makeNamespace(elsewhere);
  await operated.makePod('web', '10.3.0.1', elsewhere);
  await operated.makePod('client', '10.3.0.2', elsewhere);
  await operated.operate('referring');
});
afterAll(async () => {
  await operated[Symbol.asyncDispose]();
  admin[Symbol.dispose]();
});

/** As somebody with rights everywhere wrote it. */
async function write({ kind, spec }: { kind: string; spec: object }): Promise<void> {
  await admin.must(['apply', '-f', '-'], JSON.stringify({ apiVersion, kind, metadata: { name: 'referred', namespace }, spec }));
}

describe('an experiment that refers to', () => {
  it.each([
    ['a shaper with targets elsewhere', 'targets', shaper({ targets: [target(elsewhere)] }), byShaper],
    [
      'a shaper with one target of several elsewhere',
      'targets',
      shaper({ targets: [target(namespace), target(elsewhere)] }),
      byShaper,
    ],
    ['a shaper with peers elsewhere', 'peers', shaper({ peers: [target(elsewhere)] }), byShaper],
    ['a test with its source elsewhere', 'the source', test(elsewhere), byTest],
  ])('%s is refused, and nothing is ordered', async (what, named, object, by) => {
    const name = what.replaceAll(' ', '-');
    await write(object);
    await operated.begin(name, by);
    const { status } = await operated.untilDone(name);
    expect(status).toMatchObject({ verdict: 'Refused', reason: 'ReferenceLeavesNamespace', residue: 0 });
    expect(status?.message).toContain(named);
    expect(status?.message).toContain(`in namespace ${elsewhere}`);
    expect(operated.ordersOf(name)).toEqual([]);
  });

  it('a shaper and a test that name pods of its own namespace is run', async () => {
    await write(shaper({}));
    await write(test(namespace));
    await operated.begin('at-home', { duration: '3s', ...byShaper, ...byTest });
    expect((await operated.untilDone('at-home')).status).toMatchObject({ verdict: 'Passed', residue: 0 });
    expect(operated.faultOrdersOf('at-home')).toEqual(['apply', 'undo']);
  });
});
