import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SquallError } from '../../lib/index.ts';
import { baseEnvironment } from '../containers.ts';
import { startDetached } from '../detached.ts';
import { lastLines, switchLog } from '../logs.ts';
import type { LabPlan } from '../plan.ts';
import { networkNamespacePath } from '../process-table.ts';
import type { StartedProcess } from '../record.ts';
import type { SflowTarget } from '../topology/sflow-target.ts';
import type { SwitchSettings } from '../topology/schema.ts';
import { relayAddress } from './switch-text.ts';

/** What the relay's program is told as its argument, as JSON. */
export type RelayRequest = {
  /** Path of the network namespace that it receives in. */
  networkNamespace: string;
  listen: SflowTarget;
  targets: readonly SflowTarget[];
};

/** A bundle beside ours, or the source beside our source. */
const relayProgram = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../sflow-relay/main.ts' : './sflow-relay.js', import.meta.url),
);

/** An emulated machine takes seconds to start two programs. */
const readyWithinMs = 60_000;

export type RelayOptions = { plan: LabPlan; settings: SwitchSettings; stateFolder: string; signal?: AbortSignal };

/**
 * Starts the program that carries datagrams from the node's namespace to the collectors of this one, and resolves once it receives.
 * It runs in the caller's network namespace and outlives the caller.
 */
export async function startRelay({ plan, settings, stateFolder, signal }: RelayOptions): Promise<StartedProcess> {
  const networkNamespace = networkNamespacePath(plan.nodeNetworkNamespace);
  const request: RelayRequest = { networkNamespace, listen: relayAddress, targets: settings.collectors };
  const logFile = switchLog(stateFolder, 'sflow-relay');
  const started = startDetached(process.execPath, [relayProgram, JSON.stringify(request)], {
    logFile,
    env: baseEnvironment(plan.instance),
    channel: true,
  });
  if (started === undefined) throw new SquallError('LabFailed', 'could not start the relay of sFlow datagrams');
  const { child, identity, ended } = started;
  const stop = AbortSignal.any([AbortSignal.timeout(readyWithinMs), ...(signal === undefined ? [] : [signal])]);
  const isReady = await Promise.race([
    once(child, 'message', { signal: stop }).then(
      () => true,
      () => false,
    ),
    ended.then(() => false),
  ]);
  if (child.connected) child.disconnect();
  if (isReady) return { ...identity, ready: true };
  child.kill('SIGKILL');
  throw new SquallError('LabFailed', `the relay of sFlow datagrams did not start: ${await lastLines(logFile)}`);
}
