/** What people really do with the shipped roles and nothing more: with kubectl, and with its plugin. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportAnnotation } from '../../../src/cluster/index.ts';
import { abortAnnotation, experiments } from '../../../src/control/index.ts';
import type { ProgramResult } from '../../../src/lib/index.ts';
import { adminOf } from './client.ts';
import { experimentText, type Operated, runSpec, startOperated } from './operated.ts';
import { makePerson, type Person } from './person.ts';

const admin = adminOf();
const stack = new AsyncDisposableStack();
const namespace = 'people';
const foreign = 'strangers';
const short = { duration: '3s' };
const endless = { duration: '10m' };

let operated: Operated;
/** May run experiments in `people`. */
let ann: Person;
/** May look at them. */
let vic: Person;
/** May look at everything in it: has what Kubernetes adds up to its role `view`. */
let eve: Person;

beforeAll(async () => {
  operated = stack.use(await startOperated(admin, namespace));
  await operated.makeNamespace(foreign);
  await operated.makePod('web', '10.2.0.1', foreign);
  await operated.operate('people');
  ann = stack.use(await makePerson(admin, 'ann', { namespace, roles: ['squall-run'] }));
  vic = stack.use(await makePerson(admin, 'vic', { namespace, roles: ['squall-view'] }));
  eve = stack.use(await makePerson(admin, 'eve', { namespace, roles: ['squall-view', 'system:aggregate-to-view'] }));
  // What goes on while they look, and what is none of their business.
  const theirs = experimentText({ name: 'theirs', namespace: foreign }, { ...endless, fault: runSpec(foreign).fault });
  await admin.must(['apply', '-f', '-'], theirs);
  await operated.untilRun('theirs', ({ status }) => status?.phase === 'during', foreign);
});
afterAll(async () => {
  await stack.disposeAsync();
  admin[Symbol.dispose]();
});

async function annApplies(name: string, spec: object): Promise<void> {
  const text = experimentText({ name }, { ...runSpec(namespace), ...spec });
  expect(await ann.kubectl(['apply', '-f', '-'], text)).toMatchObject({ code: 0, stderr: '' });
}

async function expectUntouched(name: string, where: string): Promise<void> {
  const { metadata, status } = await admin.store.get(experiments, { namespace: where, name });
  expect(metadata.annotations?.[abortAnnotation]).toBeUndefined();
  expect(status?.phase).toBe('during');
}

function expectRefused({ code, stderr }: ProgramResult, exit: number, ...reasons: string[]): void {
  for (const reason of reasons) expect(stderr).toContain(reason);
  expect(code).toBe(exit);
}

describe('who has squall-run in a namespace', () => {
  it('applies an experiment, sees it come to its verdict, and reads its report', async () => {
    await annApplies('mine', short);
    const over = await ann.kubectl(['wait', '--for=jsonpath={.status.phase}=done', 'nx/mine', '--timeout=60s']);
    expect(over).toMatchObject({ code: 0 });
    expect((await ann.kubectl(['get', 'nx'])).stdout).toMatch(/^mine +delay 200ms +1 +done +Passed/m);
    expect((await ann.kubectl(['squall', 'status'])).stdout).toMatch(/^ {2}people\/mine +done +- +1 +Passed +SteadyStateHeld/m);
    const named = `jsonpath={.metadata.annotations.${reportAnnotation.replaceAll('.', '\\.')}}=mine-report`;
    expect(await ann.kubectl(['wait', `--for=${named}`, 'nx/mine', '--timeout=60s'])).toMatchObject({ code: 0 });
    const stored = await ann.kubectl(['get', 'configmap', 'mine-report', '-o', 'jsonpath={.binaryData}']);
    expect(stored.stdout).toContain('report.json.gz');
    const report = await ann.kubectl(['squall', 'report', 'mine']);
    expect(report).toMatchObject({ code: 0, stderr: '' });
    expect(report.stdout).toMatch(/^Passed {2}.*people\/mine/m);
  });

  it.each([
    ['kubectl', (run: string) => ['annotate', 'nx', run, `${abortAnnotation}=enough`]],
    ['the plugin', (run: string) => ['squall', 'abort', run, '--reason', 'enough']],
  ])('aborts a run with %s', async (tool, order) => {
    const name = `aborted-with-${tool.replace(' ', '-')}`;
    await annApplies(name, endless);
    await operated.untilRun(name, ({ status }) => status?.phase === 'during');
    expect(await ann.kubectl(order(name))).toMatchObject({ code: 0, stderr: '' });
    const { status } = await operated.untilDone(name);
    expect(status).toMatchObject({ verdict: 'Aborted', reason: 'AbortRequested', message: 'enough', residue: 0 });
  });

  it.each([
    ['apply an experiment', ['apply', '-n', foreign, '-f', '-'], 1, 'cannot get resource "networkexperiments"'],
    ['create an experiment', ['create', '-n', foreign, '-f', '-'], 1, 'cannot create resource "networkexperiments"'],
    ['look', ['squall', 'status', '-n', foreign], 7, 'PermissionDenied'],
    ['abort a run with kubectl', ['annotate', '-n', foreign, 'nx', 'theirs', `${abortAnnotation}=no`], 1, 'Forbidden'],
    ['abort a run with the plugin', ['squall', 'abort', '-n', foreign, 'theirs'], 7, 'PermissionDenied'],
    ['read a report', ['squall', 'report', '-n', foreign, 'theirs'], 7, 'PermissionDenied'],
  ])('may not %s in another namespace, and is told so', async (_, args, exit, reason) => {
    const text = experimentText({ name: 'tried' }, runSpec(foreign));
    expectRefused(await ann.kubectl(args, text), exit, reason, `in the namespace "${foreign}"`);
    await expectUntouched('theirs', foreign);
  });

  it('may not hurt a pod of another namespace from their own, and is told which namespace and what to ask for', async () => {
    const { fault } = runSpec(foreign);
    const answer = await ann.kubectl(['apply', '-f', '-'], experimentText({ name: 'reaching' }, { ...endless, fault }));
    expectRefused(answer, 1, `targets are in namespaces ${foreign};`, 'ask for the role squall-run there');
    expect(await ann.kubectl(['get', 'nx', 'reaching'])).toMatchObject({ code: 1 });
  });

  it('may not preview what looks at pods of the whole cluster without squall-preview, and is told so', async () => {
    const answer = await ann.kubectl(['squall', 'preview', '-'], experimentText({ name: 'seen', namespace }, runSpec(namespace)));
    expectRefused(answer, 7, 'PermissionDenied', 'at the cluster scope');
  });
});

describe('who has squall-view in a namespace', () => {
  beforeAll(async () => {
    await annApplies('watched', endless);
    await operated.untilRun('watched', ({ status }) => status?.phase === 'during');
  });

  it('sees what goes on', async () => {
    expect((await vic.kubectl(['get', 'nx'])).stdout).toMatch(/^watched +delay 200ms +1 +during/m);
    const { code, stdout } = await vic.kubectl(['squall', 'status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}people\/watched +during +\d+ min .* 1 +- +- /m);
  });

  it.each([
    ['apply an experiment', ['apply', '-f', '-'], 1, 'cannot create resource "networkexperiments"'],
    ['abort a run with kubectl', ['annotate', 'nx', 'watched', `${abortAnnotation}=no`], 1, 'cannot patch resource'],
    // Nothing was undone: as with any run whose undo is not proven.
    ['abort a run with the plugin', ['squall', 'abort', 'watched'], 5, 'cannot patch resource'],
    ['delete a run', ['delete', 'nx', 'watched'], 1, 'cannot delete resource'],
  ])('may not %s, and is told so', async (_, args, exit, reason) => {
    const text = experimentText({ name: 'tried' }, runSpec(namespace));
    expectRefused(await vic.kubectl(args, text), exit, reason);
    await expectUntouched('watched', namespace);
  });

  it('reads a report only with the rest of the role view, which lets one read ConfigMaps', async () => {
    expectRefused(
      await vic.kubectl(['squall', 'report', 'mine']),
      7,
      'PermissionDenied',
      'configmaps "mine-report" is forbidden',
    );
    const report = await eve.kubectl(['squall', 'report', 'mine']);
    expect(report).toMatchObject({ code: 0, stderr: '' });
    expect(report.stdout).toMatch(/^Passed {2}.*people\/mine/m);
  });
});
