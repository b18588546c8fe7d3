import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { halts, leases, nodeTasks } from '../../src/agent/run-agent.ts';
import {
  apiVersion,
  type FaultWork,
  type NodeTask,
  nodeLabel,
  type NodeTaskStatus,
  systemNamespace,
} from '../../src/api/index.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/embedded/index.ts';
import { codeOf, formatInstant, systemClock } from '../../src/lib/index.ts';
import { startProbers } from '../../src/probes/index.ts';
import { createStore, listWatch, type Store, transportFor } from '../../src/store/index.ts';
import { addressesOf, createPair, delay, loss, type Pair, ping, snapshot, work } from './namespaces.ts';

/** A test of what a fault does is given time; only the one that kills the agent waits for the lease's end. */
const longLease = { name: 'long-lease', seconds: 30 };
const shortLease = { name: 'short-lease', seconds: 3 };
const resources = [nodeTasks, leases, halts].map((resource) => ({ ...resource, status: resource === nodeTasks }));

/** The file runs itself as the agent's process, so that it can be killed. */
if (process.env.SQUALL_TEST_AGENT !== undefined) await import('../../src/agent/main.ts');
else {
  describe('the agent', () => {
    let pair: Pair;
    let server: EmbeddedServer;
    let store: Store;
    let agent: ChildProcess;
    const keeping = new AbortController();

    before(async () => {
      pair = await createPair();
      const socket = join(pair.stateFolder, 'api.sock');
      server = await startEmbeddedServer({ database: join(pair.stateFolder, 'store.db'), socket, resources, clock: systemClock });
      store = createStore(transportFor({ socket }));
      agent = startAgent();
      for (const lease of [longLease, shortLease]) void keepLease(lease);
    });
    after(async () => {
      keeping.abort();
      if (agent.exitCode === null && agent.signalCode === null) {
        agent.kill('SIGTERM');
        await once(agent, 'exit');
      }
      store.close();
      await server.close();
      await pair.dispose();
    });
    afterEach(async () => {
      for (const { metadata } of (await store.list(nodeTasks)).items) await store.delete(nodeTasks, metadata);
    });

    function startAgent(): ChildProcess {
      const { stateFolder, instance } = pair;
      const args = ['--socket', join(stateFolder, 'api.sock'), '--node', 'local', '--instance', instance, '--state', stateFolder];
      return spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], {
        env: { ...process.env, SQUALL_TEST_AGENT: '1' },
        stdio: ['pipe', 'ignore', 'inherit'],
      });
    }

    /** Stands for the control process: renews a run's Lease at a third. */
    async function keepLease({ name, seconds }: { name: string; seconds: number }): Promise<void> {
      const key = { namespace: systemNamespace, name };
      while (!keeping.signal.aborted) {
        const spec = { leaseDurationSeconds: seconds, renewTime: formatInstant(Date.now()) };
        try {
          await store.update(leases, { ...(await store.get(leases, key)), spec });
        } catch (error) {
          if (codeOf(error) !== 'NotFound') throw error;
          await store.create(leases, { apiVersion: leases.apiVersion, kind: leases.kind, metadata: key, spec });
        }
        await sleep((seconds * 1000) / 3, undefined, { signal: keeping.signal }).catch(() => undefined);
      }
    }

    async function createTask(fault: FaultWork, lease = longLease): Promise<NodeTask> {
      return await store.create(nodeTasks, {
        apiVersion,
        kind: 'NodeTask',
        metadata: { name: `task-${fault.id}`, namespace: systemNamespace, labels: { [nodeLabel]: 'local' } },
        spec: {
          node: 'local',
          run: { uid: 'run', namespace: 'shop', name: 'run' },
          work: 'fault',
          instance: pair.instance,
          generation: 1,
          order: 'apply',
          targets: [{ podUid: pair.podUid, namespace: 'shop', name: 'target', ips: addressesOf(1) }],
          fault,
          lease,
          notAfter: formatInstant(Date.now() + 300_000),
        },
      });
    }

    async function statusUntil(task: NodeTask, wanted: (status: NodeTaskStatus) => boolean): Promise<NodeTaskStatus> {
      const found = new AbortController();
      let status: NodeTaskStatus | undefined;
      const change = ({ object }: { object: NodeTask }) => {
        if (status !== undefined || object.status === undefined || !wanted(object.status)) return;
        status = object.status;
        found.abort();
      };
      const options = { fieldSelector: `metadata.name=${task.metadata.name}` };
      const signal = AbortSignal.any([found.signal, AbortSignal.timeout(40_000)]);
      await listWatch(store, nodeTasks, options, { change }, systemClock, Math.random, signal);
      assert.ok(status !== undefined, `${task.metadata.name} did not come to the wanted status within 40 s`);
      return status;
    }
    const phaseIs = (phase: string) => (status: NodeTaskStatus) => status.targets.every((target) => target.phase === phase);

    async function undo(task: NodeTask): Promise<NodeTaskStatus> {
      for (;;) {
        const current = await store.get(nodeTasks, { namespace: systemNamespace, name: task.metadata.name });
        try {
          await store.update(nodeTasks, { ...current, spec: { ...current.spec, order: 'undo' } });
          break;
        } catch (error) {
          if (codeOf(error) !== 'Conflict') throw error;
        }
      }
      return await statusUntil(task, phaseIs('Clean'));
    }

    it('measures the dose of a 200 ms delay within 5 ms, and leaves nothing of it behind', async () => {
      const untouched = await snapshot(pair.target);
      const task = await createTask(work('delayed', delay(200), [2], { dosePeers: { [pair.podUid]: addressesOf(2) } }));
      const { targets } = await statusUntil(task, (status) => (status.targets[0]?.dose?.samples ?? 0) >= 20);
      const dose = targets[0]?.dose;
      assert.ok(dose?.ok, JSON.stringify(targets));
      assert.ok(Math.abs(dose.measured.value - 200) <= 5, JSON.stringify(dose));
      assert.ok((targets[0]?.counters?.packets ?? 0) >= 20);
      const { targets: undone, residue } = await undo(task);
      assert.equal(residue, 0);
      assert.ok(undone[0]?.cleanAt !== undefined && undone[0].undoneAt !== undefined);
      assert.deepEqual(await snapshot(pair.target), untouched);
    });

    it('measures the dose of a 30 % loss by the kernel’s counters, and the exposure of a hypothesis by its own packets', async () => {
      const exposure = [{ hypothesis: 'h', podUid: pair.podUid, address: '10.99.0.2', protocol: 'icmp' as const }];
      const task = await createTask(work('lossy', loss(30), [2], { exposure }));
      await statusUntil(task, phaseIs('Active'));
      await ping(pair.target, ['10.99.0.2', 'fd99::2'], { count: 200, periodMs: 10 });
      const { targets } = await undo(task);
      const [target] = targets;
      assert.ok(target?.dose?.ok, JSON.stringify(target));
      assert.equal(target.dose.samples, 400, JSON.stringify(target));
      assert.equal(target.exposure?.h, 200);
    });

    it('killed with kill -9 leaves a kernel that ends the fault by itself; started anew it sweeps, and says AgentRestarted', async () => {
      const untouched = await snapshot(pair.target);
      const task = await createTask(work('orphaned', delay(100), [2]), shortLease);
      await statusUntil(task, phaseIs('Active'));

      const pings: { sentAt: number; delayed: boolean }[] = [];
      const met = Promise.withResolvers<undefined>();
      const address = '10.99.0.2';
      const prober = startProbers({
        namespace: pair.namespace,
        streams: [{ id: 'a', hypothesis: 'h', podUid: pair.podUid, protocol: 'icmp', address, periodMs: 20, timeoutMs: 1000 }],
        tcpProbeProgram: '',
        onSample: ({ sentAt, rttMs = 0 }) => {
          pings.push({ sentAt, delayed: rttMs > 90 });
          if (rttMs > 90) met.resolve(undefined);
        },
      });
      await met.promise;
      agent.kill('SIGKILL');
      const killedAt = Date.now();
      await once(agent, 'exit');
      await sleep((shortLease.seconds + 2) * 1000);
      await prober.stop();
      const lastDelayedMs = (pings.findLast(({ delayed }) => delayed)?.sentAt ?? NaN) - killedAt;
      const afterwards = pings.filter(({ sentAt }) => sentAt > killedAt + lastDelayedMs);
      assert.ok(lastDelayedMs <= (shortLease.seconds + 1) * 1000, `delayed ${String(lastDelayedMs)} ms after the kill`);
      assert.ok(afterwards.length >= 20, `only ${String(afterwards.length)} pings were seen to be fast again`);

      agent = startAgent();
      const { targets, residue } = await statusUntil(task, phaseIs('Clean'));
      assert.equal(targets[0]?.reason, 'AgentRestarted');
      assert.equal(residue, 0);
      assert.deepEqual(await snapshot(pair.target), untouched);
    });
  });
}
