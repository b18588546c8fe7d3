/** Runs an Open vSwitch of the lab's own, in the node's namespace and with its files in the lab's folder; one of the system is never touched. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SquallError } from '../../lib/index.ts';
import { baseEnvironment, findProgram } from '../containers.ts';
import { startDetached } from '../detached.ts';
import { lastLines, switchLog } from '../logs.ts';
import { inNamespace, type Making, runForLab } from '../network.ts';
import type { LabPlan } from '../plan.ts';
import { type LabRecord, type SwitchDaemon, switchKey } from '../record.ts';
import type { SwitchSettings } from '../topology/schema.ts';
import { removeSwitchFiles, switchFolder } from './files.ts';
import { startRelay } from './relay.ts';
import { requireTunnelDevice } from './requirements.ts';
import { bridgesCommand, exportCommand, failedPortsCommand } from './switch-text.ts';

/** Where it is not built in. */
export const switchModules = ['tun'] as const;

/** Seconds that ovs-vsctl waits for the daemons to start and to make what it asks for; less than any program of a lab may take. */
const settleSeconds = 50;

type SwitchMaking = { record: LabRecord; stateFolder: string; signal?: AbortSignal };

/**
 * Starts the switch and makes the bridges with all pods' links as ports. Its processes are noted in `record.processes` as they start.
 * @throws SquallError LabFailed with what Open vSwitch says
 */
export async function startSwitch({ record, stateFolder, signal }: SwitchMaking): Promise<void> {
  requireTunnelDevice();
  const folder = switchFolder(stateFolder);
  await removeSwitchFiles(stateFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const making = { instance: record.plan.instance, signal, env: switchEnvironment(folder) };
  await runForLab('ovsdb-tool', ['create', join(folder, 'conf.db')], '', "make the switch's database", making);
  const database = ['ovsdb-server', join(folder, 'conf.db'), `--remote=punix:${join(folder, 'db.sock')}`];
  start(record, stateFolder, 'ovsdb-server', database);
  // A new database has no row of the switch itself yet, and the switch waits for one.
  await configure(making, folder, record.plan, ['--no-wait', 'init']);
  start(record, stateFolder, 'ovs-vswitchd', ['ovs-vswitchd', `unix:${join(folder, 'db.sock')}`]);
  try {
    await configure(making, folder, record.plan, bridgesCommand(record.plan));
    const failed = await configure(making, folder, record.plan, failedPortsCommand);
    if (failed.trim() !== '') throw new SquallError('LabFailed', `Open vSwitch could not make: ${failed.trim()}`);
  } catch (cause) {
    if (!(cause instanceof SquallError) || cause.code !== 'LabFailed') throw cause;
    const log = switchLog(stateFolder, 'ovs-vswitchd');
    throw new SquallError('LabFailed', `${cause.message}; the end of its log ${log}:\n${await lastLines(log)}`, { cause });
  }
}

/** Once the node's loopback is up: Open vSwitch looks for a way to its collector only once. */
export async function startExport({
  record,
  settings,
  stateFolder,
  signal,
}: SwitchMaking & { settings: SwitchSettings }): Promise<void> {
  const folder = switchFolder(stateFolder);
  record.processes[switchKey('sflow-relay')] = await startRelay({ plan: record.plan, settings, stateFolder, signal });
  const making = { instance: record.plan.instance, signal, env: switchEnvironment(folder) };
  await configure(making, folder, record.plan, exportCommand(settings));
}

/** Every folder that Open vSwitch would otherwise take from the system. */
function switchEnvironment(folder: string): Record<string, string> {
  return { OVS_RUNDIR: folder, OVS_LOGDIR: folder, OVS_DBDIR: folder, OVS_SYSCONFDIR: folder };
}

/** In the node's namespace; nsenter turns into the daemon, which stays in the foreground, so the pid is the daemon's. */
function start(record: LabRecord, stateFolder: string, daemon: SwitchDaemon, command: readonly string[]): void {
  const { plan } = record;
  const folder = switchFolder(stateFolder);
  const logged = [...command, `--unixctl=${join(folder, `${daemon}.ctl`)}`, '-vsyslog:off', '-vconsole:info'];
  const started = startDetached(findProgram('nsenter'), inNamespace(plan.nodeNetworkNamespace, logged), {
    logFile: switchLog(stateFolder, daemon),
    env: { ...baseEnvironment(plan.instance), ...switchEnvironment(folder) },
    cwd: folder,
  });
  if (started === undefined) throw new SquallError('LabFailed', `could not start ${daemon}`);
  record.processes[switchKey(daemon)] = { ...started.identity, ready: true };
}

async function configure(making: Making, folder: string, plan: LabPlan, command: readonly string[]): Promise<string> {
  const options = [`--db=unix:${join(folder, 'db.sock')}`, '--retry', `--timeout=${settleSeconds}`];
  const args = inNamespace(plan.nodeNetworkNamespace, ['ovs-vsctl', ...options, ...command]);
  return await runForLab('nsenter', args, '', 'set up the switch', making);
}
