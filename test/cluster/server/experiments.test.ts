/**
 * Experiments on a cluster from end to end: a real API server, real operators, and the real agent on a kernel with netem, in pods that it
 * finds by their processes. What the tests see of a pod's network namespace the node tells them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import type { ValidatedNode } from '../../../src/api/index.ts';
import { adminOf } from './client.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type HostNode, startHostNode } from './host-node.ts';
import { installSquall } from './install.ts';
import { type ClusterNode, startNode } from './node.ts';
import type { Sandbox } from './node/words.ts';
import { leaseSeconds, type Operators, prepareOperators } from './operators.ts';
import { makePerson, type Person } from './person.ts';
import { until } from './until.ts';

type Run = {
  metadata: { finalizers?: string[] };
  status?: {
    phase?: string;
    verdict?: string;
    reason?: string;
    message?: string;
    residue?: number;
    conditions?: { type: string; status: string; reason: string; message: string }[];
  };
};

let plane: ControlPlane;
let admin: ReturnType<typeof adminOf>;
let node: ClusterNode;
/** Its kernel has no netem. */
let other: HostNode;
let operators: Operators;
let pat: Person;

const namespace = 'shop';
/** Long enough for a fault to be acted upon; an emulated processor is slow. */
const longDuration = '10m';
const faultLeaseSeconds = 3 * leaseSeconds;
/** From the end of a lease to when the node has seen that nothing is left: the undo's own time, and that between two looks. */
const slackSeconds = 6;
/** How long the API server is away. */
const awaySeconds = 60;

beforeAll(async () => {
  plane = stack.use(await startControlPlane());
  admin = stack.use(adminOf(plane));
  await installSquall(admin);
  await admin.must(['create', 'namespace', namespace]);
  pat = stack.use(await makePerson(admin, 'pat', { namespace, roles: ['squall-run'] }, plane));
  node = stack.use(await startNode(admin, plane, 'node-a'));
  other = stack.use(await startHostNode(admin, plane, 'node-b'));
  operators = stack.use(await prepareOperators(admin, plane));
  operators.start();
  await node.orderAgent('run');
  await startPods(namespace, 'client', 'web');
}, 300_000);
const stack = new AsyncDisposableStack();
afterAll(async () => {
  await stack.disposeAsync();
});

/** An emulated processor is slow; and each look that starts kubectl takes some of the host's. */
const patience = { limitMs: 150_000, everyMs: 200 };

async function untilSeen(what: string, pod: string, where: string, isSo: (seen: Sandbox) => boolean): Promise<Sandbox> {
  const look = (): Promise<Sandbox | false> => {
    const seen = node.sandbox(where, pod);
    return Promise.resolve(seen !== undefined && isSo(seen) && seen);
  };
  return await until(what, look, patience);
}

async function startPods(where: string, ...names: string[]): Promise<void> {
  await startPodsOf(where, names);
}

async function startPodsOf(where: string, names: readonly string[], app?: string): Promise<void> {
  for (const name of names) {
    const spec = { nodeName: 'node-a', containers: [{ name: 'main', image: 'none' }], terminationGracePeriodSeconds: 0 };
    await admin.must(
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: where, labels: { app: app ?? name } }, spec }),
    );
  }
  for (const name of names) await untilSeen(`pod ${name} runs`, name, where, () => true);
}

async function apply(name: string, target: string, duration: string, where = namespace): Promise<void> {
  const spec = {
    before: '4s',
    duration,
    after: '1s',
    fault: {
      targets: [{ kind: 'pod', name: target }],
      configuration: { type: 'delay', value: '120ms' },
      lease: `${faultLeaseSeconds}s`,
    },
    hypothesis: [
      {
        name: 'reaches',
        connectivity: { layer: '3', source: { name: 'client', namespace }, destinations: [{ kind: 'pod', name: target }] },
        tolerance: { lossPercent: 60 },
      },
    ],
  };
  await admin.must(
    ['apply', '-f', '-'],
    JSON.stringify({
      apiVersion: 'networkmachinery.io/v1alpha1',
      kind: 'NetworkExperiment',
      metadata: { name, namespace: where },
      spec,
    }),
  );
}

async function read(name: string, where = namespace): Promise<Run | undefined> {
  const { stdout } = await admin.kubectl(['get', 'networkexperiment', name, '-n', where, '-o', 'json']);
  return stdout === '' ? undefined : (JSON.parse(stdout) as Run);
}

const isHurt = ({ qdiscs }: Sandbox) => qdiscs.includes('netem');
const isClean = ({ qdiscs, tables }: Sandbox) => !qdiscs.includes('netem') && !tables.some((table) => table.includes('squall'));
const untilHurt = async (pod: string, where = namespace) => await untilSeen(`${pod} has netem`, pod, where, isHurt);
const untilClean = async (pod: string, where = namespace) => await untilSeen(`${pod} is clean`, pod, where, isClean);
async function untilDone(name: string, where = namespace): Promise<NonNullable<Run['status']>> {
  const look = async () => {
    const run = await read(name, where);
    return run?.status?.phase === 'done' ? run.status : undefined;
  };
  return await until(`${name} has a verdict`, look, patience);
}
async function untilGone(name: string, where = namespace): Promise<void> {
  const look = async (): Promise<boolean> => {
    const { stdout } = await admin.kubectl(['get', 'nodetasks', '-n', 'squall-system', '-o', 'name']);
    return (await read(name, where)) === undefined && stdout.trim() === '';
  };
  await until(`${name} and its tasks are gone`, look, patience);
}

function tellOnFailure(): void {
  onTestFailed(() => {
    console.log([node, other, operators].map((one) => one.words().slice(-4000)).join('\n'));
  });
}

// An emulated processor that others keep busy is slow, and slowness is no failure.
describe('an experiment on a cluster', { timeout: 300_000 }, () => {
  it('is applied, puts netem into its target, and comes to a verdict that kubectl shows, with events and a report', async () => {
    tellOnFailure();
    await apply('slow', 'web', '8s');
    await untilHurt('web');
    expect(await untilDone('slow')).toMatchObject({ verdict: 'Passed', reason: 'SteadyStateHeld', residue: 0 });
    await untilClean('web');
    const table = await admin.must(['get', 'nx', '-n', namespace]);
    expect(table).toMatch(/NAME\s+FAULT\s+TARGETS\s+PHASE\s+VERDICT/);
    expect(table).toMatch(/slow\s+.*120ms.*\s1\s+done\s+Passed/);
    const events = await admin.must([
      'get',
      'events',
      '-n',
      namespace,
      '-o',
      'jsonpath={range .items[*]}{.involvedObject.kind} {.reason}{"\\n"}{end}',
    ]);
    expect(events).toMatch(/NetworkExperiment Passed/);
    expect(events).toMatch(/Pod \w+/);
    const report = await until('the report is stored', async () => {
      const { code, stdout } = await admin.kubectl([
        'get',
        'configmap',
        'slow-report',
        '-n',
        namespace,
        '-o',
        'jsonpath={.binaryData}',
      ]);
      return code === 0 ? stdout : undefined;
    });
    expect(report).toContain('report.json.gz');
    await admin.must(['delete', 'nx', 'slow', '-n', namespace]);
    await untilGone('slow');
  });

  it('is undone and gone when it is deleted in the middle, and nothing of ours carries a finalizer', async () => {
    tellOnFailure();
    await apply('deleted', 'web', longDuration);
    await untilHurt('web');
    expect((await read('deleted'))?.metadata.finalizers).toBeUndefined();
    const tasks = await admin.must(['get', 'nodetasks', '-n', 'squall-system', '-o', 'jsonpath={.items[*].metadata.finalizers}']);
    expect(tasks).toBe('');
    await admin.must(['delete', 'nx', 'deleted', '-n', namespace, '--timeout=20s']);
    await untilClean('web');
    await untilGone('deleted');
  });

  it('is never stuck when its pod, or its namespace with all that is in it, is deleted in the middle', async () => {
    tellOnFailure();
    await admin.must(['create', 'namespace', 'short-lived']);
    await startPods(namespace, 'going');
    await startPods('short-lived', 'web');
    await Promise.all([apply('pod-goes', 'going', longDuration), apply('namespace-goes', 'web', longDuration, 'short-lived')]);
    await untilHurt('going');
    await untilHurt('web', 'short-lived');
    await admin.must(['delete', 'pod', 'going', '-n', namespace, '--grace-period=0', '--force']);
    await admin.must(['delete', 'namespace', 'short-lived', '--timeout=90s']);
    expect((await untilDone('pod-goes')).verdict).not.toBe('Errored');
    await admin.must(['delete', 'nx', 'pod-goes', '-n', namespace]);
    await untilGone('pod-goes');
    await untilGone('namespace-goes', 'short-lived');
  });

  it('is not stuck when the object of its node is deleted in the middle', async () => {
    tellOnFailure();
    await apply('node-goes', 'web', longDuration);
    await untilHurt('web');
    await admin.must(['delete', 'node', 'node-a', '--timeout=20s']);
    await admin.must(['delete', 'nx', 'node-goes', '-n', namespace, '--timeout=20s']);
    await untilClean('web');
    await untilGone('node-goes');
    await admin.must(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } }));
    await node.orderAgent('run');
  });

  it('is Aborted when its agent is killed in the middle, and clean once there is an agent again', async () => {
    tellOnFailure();
    await apply('agent-dies', 'web', longDuration);
    await untilHurt('web');
    await node.orderAgent('killed');
    await node.orderAgent('run');
    expect(await untilDone('agent-dies')).toMatchObject({ verdict: 'Aborted', reason: 'AgentRestarted', residue: 0 });
    await untilClean('web');
    await admin.must(['delete', 'nx', 'agent-dies', '-n', namespace]);
  });

  it('is not stuck when its agent is gone for good and it is deleted, and clean once there is an agent again', async () => {
    tellOnFailure();
    await apply('agent-gone', 'web', longDuration);
    await untilHurt('web');
    await node.orderAgent('killed');
    await admin.must(['delete', 'nx', 'agent-gone', '-n', namespace, '--timeout=20s']);
    await untilGone('agent-gone');
    await node.orderAgent('run');
    await untilClean('web');
  });

  it('goes on under another operator when its own is killed in the middle', async () => {
    tellOnFailure();
    operators.start();
    const { injections } = await untilClean('web');
    await apply('operator-dies', 'web', '30s');
    await untilHurt('web');
    const leader = await until('somebody leads', operators.leader, patience);
    await operators.kill(leader);
    await until('the other one leads', async () => {
      const other = await operators.leader();
      return other !== undefined && other !== leader;
    });
    expect(await untilDone('operator-dies')).toMatchObject({ verdict: 'Passed', residue: 0 });
    expect((await untilClean('web')).injections).toBe(injections + 1);
    await admin.must(['delete', 'nx', 'operator-dies', '-n', namespace]);
  });

  it('is undone by the lease when no operator is left', async () => {
    tellOnFailure();
    await apply('no-operator', 'web', longDuration);
    await untilHurt('web');
    for (let leader = await operators.leader(); leader !== undefined; leader = await operators.leader())
      await operators.kill(leader);
    const leftAloneAt = Date.now();
    const { at } = await untilClean('web');
    expect(Date.parse(at) - leftAloneAt).toBeLessThan((faultLeaseSeconds + slackSeconds) * 1000);
    operators.start();
    expect(await untilDone('no-operator')).toMatchObject({ verdict: 'Aborted', reason: 'LeaseExpired', residue: 0 });
    await admin.must(['delete', 'nx', 'no-operator', '-n', namespace]);
  });

  it('is undone by its agent while the API server is away, and Aborted when that is back', async () => {
    tellOnFailure();
    await apply('no-server', 'web', longDuration);
    await untilHurt('web');
    const stoppedAt = Date.now();
    await plane.stopApiServer();
    const { at } = await untilClean('web');
    expect(Date.parse(at)).toBeGreaterThan(stoppedAt);
    expect(Date.parse(at) - stoppedAt).toBeLessThan((faultLeaseSeconds + slackSeconds) * 1000);
    await sleep(Math.max(0, stoppedAt + awaySeconds * 1000 - Date.now()));
    await plane.startApiServer();
    expect(await untilDone('no-server')).toMatchObject({ verdict: 'Aborted', reason: 'LeaseExpired', residue: 0 });
    const report = await until('kubectl squall reads the report', async () => {
      const { code, stdout } = await pat.kubectl(['squall', 'report', 'no-server']);
      return code === 0 ? stdout : undefined;
    });
    expect(report).toContain('LeaseExpired');
  });

  describe('with targets on two nodes, of which one has no netem', () => {
    const onBoth = async (name: string, changes: object) => {
      const targets = [{ kind: 'selector', targetSelector: { matchLabels: { app: 'both' } } }];
      const fault = { targets, configuration: { type: 'delay', value: '120ms' }, lease: `${faultLeaseSeconds}s` };
      const object = {
        apiVersion: 'networkmachinery.io/v1alpha1',
        kind: 'NetworkExperiment',
        metadata: { name, namespace },
        spec: { before: '2s', duration: '8s', after: '1s', fault, ...changes },
      };
      await admin.must(['apply', '-f', '-'], JSON.stringify(object));
      const status = await untilDone(name);
      await admin.must(['delete', 'nx', name, '-n', namespace]);
      return status;
    };
    beforeAll(async () => {
      await startPodsOf(namespace, ['on-a'], 'both');
      await other.startPod({ namespace, name: 'on-b', app: 'both' });
    }, 60_000);

    it('is told beforehand by a validator, which finds each node as it is', async () => {
      tellOnFailure();
      const object = {
        apiVersion: 'networkmachinery.io/v1alpha1',
        kind: 'NetworkModulesValidator',
        metadata: { name: 'has-netem' },
        spec: { qdiscs: ['netem'], features: ['nft-set-timeout'] },
      };
      await admin.must(['apply', '-f', '-'], JSON.stringify(object));
      const nodes = await until(
        'both nodes are looked at',
        async () => {
          const text = await admin.must(['get', 'nmv', 'has-netem', '-o', 'json']);
          const { status } = JSON.parse(text) as { status?: { round?: unknown; nodes: ValidatedNode[] } };
          return status !== undefined && status.round === undefined && status.nodes.length === 2 && status.nodes;
        },
        patience,
      );
      const found = Object.fromEntries(
        nodes.map(({ node: name, outcome, checks }) => [
          name,
          [outcome, ...checks.map((check) => `${check.name} ${String(check.ok)}`)],
        ]),
      );
      expect(found).toEqual({
        'node-a': ['Valid', 'qdisc netem true', 'capability nft-set-timeout true'],
        'node-b': ['Invalid', 'qdisc netem false', 'capability nft-set-timeout true'],
      });
      await admin.must(['delete', 'nmv', 'has-netem']);
    });

    it('is refused with what is missing and where', async () => {
      tellOnFailure();
      const status = await onBoth('spans', {});
      expect(status).toMatchObject({ verdict: 'Refused', reason: 'PreflightRefused' });
      expect(status.message).toMatch(/node-b: driver: expected .*netem.* found .*sch_netem/s);
      expect(status.message).not.toContain('node-a');
    });

    it('hurts only the target on the node that can, where it says to skip the others', async () => {
      tellOnFailure();
      const status = await onBoth('skips', { onUnsupported: 'skip' });
      expect(status).toMatchObject({ verdict: 'Passed', residue: 0 });
      const passed = status.conditions?.find(({ type }) => type === 'PreflightPassed');
      expect(passed).toMatchObject({ status: 'True', reason: 'NodesSkipped' });
      expect(passed?.message).toContain('node-b: driver');
    });
  });
});
