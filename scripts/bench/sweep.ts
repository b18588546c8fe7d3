/**
 * How soon nothing is left: a former life's gates and leases are in many namespaces, the packaged agent is started, and what counts is
 * the time from that to its word that the residue is 0, which is then looked after. The trees are left out: kernels may lack netem.
 */
import { parseArgs } from 'node:util';
import { openNamespace } from '../../src/agent/kernel/namespace.ts';
import { createPrograms, type Programs } from '../../src/agent/kernel/programs.ts';
import { createLimiter } from '../../src/agent/limiter.ts';
import { type Lease, readGate, renderLeases } from '../../src/faults/index.ts';
import { gateOnly } from '../../test/agent/kernel/gate-only.ts';
import { benchInstance, startServer, withAgent } from './agent.ts';
import { benchFault } from './fault.ts';
import { createNamespaces } from './namespaces.ts';

const goalMs = 2000;
const instance = benchInstance;
const lease: Lease = { faultId: benchFault.id, device: benchFault.device, direction: 'egress', timeoutMs: 600_000 };

type Row = { targets: number; sweptMs: number };
export type SweepResult = { rows: Row[]; goalMs: number };

export async function benchSweep(args: string[]): Promise<SweepResult> {
  const { values } = parseArgs({ args, options: { targets: { type: 'string', default: '0,1,10,110' } } });
  const rows: Row[] = [];
  console.log('targets  swept ms');
  for (const targets of values.targets.split(',').map(Number)) {
    const row = { targets, sweptMs: await measure(targets) };
    rows.push(row);
    console.log(
      `${String(targets).padEnd(7)}  ${row.sweptMs.toFixed(0).padStart(8)}  ${row.sweptMs <= goalMs ? 'met' : 'MISSED'}`,
    );
  }
  return { rows, goalMs };
}

async function measure(targets: number): Promise<number> {
  const namespaces = await createNamespaces(targets);
  const server = await startServer();
  const programs = createPrograms(createLimiter(2));
  try {
    await Promise.all(namespaces.paths.map((path) => leaveGate(programs, server.folder, path)));
    const started = performance.now();
    return await withAgent(server, async ({ swept }) => {
      const sweptMs = performance.now() - started;
      if (!swept.includes('"residue":0')) throw new Error(`the agent said: ${swept}`);
      for (const path of namespaces.paths) await expectNothing(programs, path);
      return sweptMs;
    });
  } finally {
    await server.close();
    await namespaces.remove();
  }
}

/** What an agent that was killed leaves: its ledger entry, and its gate with a lease that goes on. */
async function leaveGate(programs: Programs, stateFolder: string, path: string): Promise<void> {
  const namespace = await openNamespace(path, path);
  await gateOnly({ instance, stateFolder, namespace }, benchFault);
  await programs.changeGate(namespace, renderLeases(instance, [lease]));
}

async function expectNothing(programs: Programs, path: string): Promise<void> {
  const { objects } = await programs.read(await openNamespace(path, path), ['objects'], ['list tables']);
  if (readGate(objects, instance) !== undefined) throw new Error(`${path} still has a table of ours`);
}
