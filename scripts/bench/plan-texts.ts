/** What the agent would give to ip, tc and nft for one fault, and the same as commands of their own. */
import { openNamespace } from '../../src/agent/kernel/namespace.ts';
import { planWorks } from '../../src/agent/kernel/preparation.ts';
import { createPrograms } from '../../src/agent/kernel/programs.ts';
import { deviceRemovalCommands, gateCommands, newDeviceCommands, treeCommands } from '../../src/agent/kernel/reconcile.ts';
import { createLimiter } from '../../src/agent/limiter.ts';
import type { Driver, FaultWork } from '../../src/api/index.ts';
import {
  type EgressWay,
  familiesOfGate,
  instanceOfDevice,
  renderClose,
  renderGateRemoval,
  renderLeases,
  renderRenewal,
} from '../../src/faults/index.ts';
import { runProgram } from '../../src/lib/index.ts';
import { capabilityTrials } from '../../src/preflight/index.ts';
import type { Command } from './commands.ts';

const leaseMs = 60_000;

/** Lines for `ip -batch` and `tc -batch`, and transactions for `nft -f`. */
export type PlanTexts = {
  links: string[];
  tree: string[];
  gate: string;
  lease: string;
  renewal: string;
  close: string;
  removal: { gate: string; tree: string[]; links: string[] };
};

/** @param path of a namespace as all are that the texts are for, without a fault */
export async function planTexts(
  path: string,
  instance: string,
  work: FaultWork,
  { driver, egress = 'own-device' }: { driver: Driver; egress?: EgressWay },
): Promise<PlanTexts> {
  const namespace = await openNamespace('bench', path);
  const { qdiscs, links } = await createPrograms(createLimiter(1)).read(namespace, ['qdiscs', 'links']);
  const plan = planWorks({
    instance,
    namespace,
    driver,
    egress: { [work.device]: egress },
    works: [work],
    links,
    gatePriority: 300,
    deviceGatePriority: 300,
    before: undefined,
  });
  const lease = { faultId: work.id, device: work.device, direction: work.direction, timeoutMs: leaseMs };
  const ours = plan.intermediates.map(({ name }) => ({ ifindex: 0, ifname: name, mtu: 0 }));
  const foreign = plan.trees.filter(({ device }) => instanceOfDevice(device) === undefined);
  return {
    links: newDeviceCommands(links, plan),
    tree: treeCommands(qdiscs, [], plan),
    gate: gateCommands(undefined, plan),
    lease: renderLeases(instance, [lease]),
    renewal: renderRenewal(instance, lease),
    close: renderClose(instance, lease),
    removal: {
      gate: renderGateRemoval(instance, familiesOfGate(plan.gate)),
      tree: foreign.map(({ device }) => `qdisc del dev ${device} root`),
      links: deviceRemovalCommands(ours, instance, undefined),
    },
  };
}

/** Whether this kernel has what the driver netem needs. */
export async function hasNetem(): Promise<boolean> {
  const trials = [capabilityTrials.netem, capabilityTrials.prio].map(({ program, args }) =>
    runProgram('unshare', ['--net', '--', program, ...args]),
  );
  return (await Promise.all(trials)).every(({ code }) => code === 0);
}

/** One command a line, as somebody would type them. */
export const commandsOf = (program: 'ip' | 'tc', lines: readonly string[]): Command[] =>
  lines.map((line) => ({ command: [program, ...wordsOf(line)] }));

/** One command for every line of a transaction, which is then none. */
export const nftCommands = (text: string): Command[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ command: ['nft', line] }));

/** What a shell makes of a line: quotes hold words together. */
const wordsOf = (line: string): string[] => (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
