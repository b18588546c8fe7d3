import { existsSync } from 'node:fs';
import { codeOf, messageOf, runProgram, SquallError } from '../lib/index.ts';
import { namespacesBatch, nodeBatch, nodeSettings, podBatch, servicesRuleset, switchedPortsRuleset } from './network-text.ts';
import type { LabPlan } from './plan.ts';
import { markerVariable, networkNamespacePath } from './process-table.ts';

/** Programs at once; more only compete for the kernel's one lock over network configuration. */
const parallelPrograms = 4;
const programTimeoutMs = 60_000;

const modules = ['veth', 'bridge', 'nft_chain_nat', 'nft_nat', 'nft_numgen', 'nft_masq', 'nft_reject_inet'];

/** On whose behalf a program runs; `env` beside the caller's own. */
export type Making = { instance: string; signal?: AbortSignal; env?: Readonly<Record<string, string>> };

/**
 * Loads the modules that a lab needs in one process. The kernel also loads each by itself on first use, with a process for
 * every one, which takes ten seconds in an emulated machine; so a missing modprobe or a module built in is no failure.
 */
export async function loadModules(more: readonly string[] = []): Promise<void> {
  await runProgram('modprobe', ['--all', '--quiet', ...modules, ...more], { timeoutMs: programTimeoutMs }).catch(
    (error: unknown) => {
      if (codeOf(error) !== 'ToolMissing') throw error;
    },
  );
}

/** Makes every namespace of the plan and the links between them. Nothing is up yet. */
export async function makeNamespaces(plan: LabPlan, signal?: AbortSignal): Promise<void> {
  await runForLab('ip', ['-batch', '-'], namespacesBatch(plan), 'make the network namespaces', {
    instance: plan.instance,
    signal,
  });
}

/** Brings up node and pods: addresses, routes, forwarding and cluster addresses. */
export async function connectNamespaces(plan: LabPlan, signal?: AbortSignal): Promise<void> {
  const node = plan.nodeNetworkNamespace;
  const making = { instance: plan.instance, signal };
  const rules = servicesRuleset(plan) + (plan.switch === undefined ? '' : switchedPortsRuleset(plan));
  const zero = nodeSettings.zeroWherePresent.filter((path) => existsSync(path));
  const work = [
    () => runForLab('ip', ['-n', node, '-batch', '-'], nodeBatch(plan), "set up the node's bridge", making),
    () => runForLab('nsenter', inNamespace(node, ['nft', '-f', '-']), rules, 'load the rules of the node', making),
    () => writeSettings(node, nodeSettings.one, '1', making),
    () => writeSettings(node, zero, '0', making),
    ...plan.pods.map((pod) => async () => {
      const what = `set up the network of pod ${pod.manifest.metadata.namespace}/${pod.manifest.metadata.name}`;
      await runForLab('ip', ['-n', pod.networkNamespace, '-batch', '-'], podBatch(pod), what, making);
      if (plan.switch === undefined) return;
      // Between kernels' own devices nobody writes checksums; a switch in user space passes packets on as they are, without.
      await runForLab('nsenter', inNamespace(pod.networkNamespace, ['ethtool', '-K', 'eth0', 'tx', 'off']), '', what, making);
    }),
  ];
  await inParallel(work);
}

/** Arguments of nsenter that run a program in a named network namespace, and in the caller's other namespaces. */
export function inNamespace(name: string, command: readonly string[]): string[] {
  return [`--net=${networkNamespacePath(name)}`, '--', ...command];
}

/** Deletes named namespaces one by one, so that one that fails does not keep the others; returns what was said about failures. */
export async function deleteNamespaces(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const batch = names.map((name) => `netns del ${name}\n`).join('');
  const { code, stderr } = await runProgram('ip', ['-force', '-batch', '-'], { input: batch, timeoutMs: programTimeoutMs });
  return code === 0 ? [] : [stderr.trim()];
}

/** /proc/sys/net shows the namespace of the process that opens it; tee opens all the files in one process there. */
async function writeSettings(namespace: string, paths: readonly string[], value: string, making: Making): Promise<void> {
  if (paths.length === 0) return;
  await runForLab('nsenter', inNamespace(namespace, ['tee', ...paths]), `${value}\n`, 'set up forwarding on the node', making);
}

/**
 * Gives what the program printed. Programs carry the marker, because they go on for a moment when this process is killed, and clean-up must find them.
 * @throws SquallError LabFailed with the program's own words when it fails
 */
export async function runForLab(
  program: string,
  args: readonly string[],
  input: string,
  what: string,
  making: Making,
): Promise<string> {
  const env = { ...process.env, ...making.env, [markerVariable]: making.instance };
  const options = { input, env, signal: making.signal, timeoutMs: programTimeoutMs };
  const { code, stdout, stderr } = await runProgram(program, args, options);
  if (code === 0) return stdout;
  throw new SquallError('LabFailed', `could not ${what}: ${program} ended with ${code ?? 'a signal'}: ${stderr.trim()}`);
}

/** Runs all work, a few at once. After a failure nothing more is begun, what is running is awaited, and the first failure is thrown. */
async function inParallel(work: readonly (() => Promise<unknown>)[]): Promise<void> {
  const queue = [...work];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined && failures.length === 0; next = queue.shift()) {
      await next().catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: parallelPrograms }, worker));
  const [failure] = failures;
  if (failure instanceof SquallError) throw failure;
  if (failure !== undefined) throw new SquallError('LabFailed', messageOf(failure), { cause: failure });
}
