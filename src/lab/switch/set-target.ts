import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, SquallError } from '../../lib/index.ts';
import type { LabPlace } from '../down.ts';
import { isRunning, type ProcessIdentity, readBootId } from '../process-table.ts';
import { type LabRecord, readRecord, switchKey, writeRecord } from '../record.ts';
import type { SflowTarget } from '../topology/sflow-target.ts';
import { startRelay } from './relay.ts';

const endWithinMs = 5000;
const pollMs = 10;

/**
 * Points the exporter of a lab that is up at another collector; the others that its topology names stay. The datagrams of the moment that this
 * takes are lost, as the collector sees by their numbers. Where that fails it exports to where it did before. The caller holds the lock of the
 * state folder.
 * @param collector as this process's network namespace sees it
 * @returns false where there is no lab, or none with a switch that exports
 * @throws SquallError LabFailed, which says where it exports now
 */
export async function setLabSflowTarget(
  { stateFolder, instance }: LabPlace,
  collector: SflowTarget,
  start: typeof startRelay = startRelay,
): Promise<boolean> {
  const record = await readRecord(stateFolder);
  if (record?.plan.instance !== instance || record.bootId !== readBootId() || record.phase !== 'up') return false;
  const { plan } = record;
  if (plan.switch === undefined) return false;
  const key = switchKey('sflow-relay');
  const relay = record.processes[key];
  const [first, ...others] = plan.switch.collectors;
  const isSame = first?.host === collector.host && first.port === collector.port;
  if (isSame && relay !== undefined && isRunning(relay)) return true;
  if (relay !== undefined) await end(relay);
  const before = plan.switch;
  const settings = { ...before, collectors: [collector, ...others] };
  const relayTo = async (exporting: typeof settings): Promise<LabRecord> => {
    const processes = { ...record.processes, [key]: await start({ plan, settings: exporting, stateFolder }) };
    return { ...record, plan: { ...plan, switch: exporting }, processes };
  };
  const pointed = await relayTo(settings).catch(async (error: unknown): Promise<never> => {
    const restored = await relayTo(before).catch((failure: unknown): never => {
      const now = `it exports nothing any more (${messageOf(failure)}); bring the lab up anew`;
      throw new SquallError('LabFailed', `${messageOf(error)}; ${now}`, { cause: error });
    });
    await writeRecord(stateFolder, restored);
    const collectors = before.collectors.map(({ host, port }) => `${host} port ${port}`).join(', ');
    throw new SquallError('LabFailed', `${messageOf(error)}; it exports to ${collectors || 'nobody'}, as before`, {
      cause: error,
    });
  });
  await writeRecord(stateFolder, pointed);
  return true;
}

/** Two relays cannot receive at one address. */
async function end(relay: ProcessIdentity): Promise<void> {
  const until = performance.now() + endWithinMs;
  if (isRunning(relay)) process.kill(relay.pid, 'SIGKILL');
  while (isRunning(relay)) {
    if (performance.now() > until) {
      throw new SquallError(
        'LabFailed',
        `the relay of sFlow datagrams, process ${relay.pid}, did not end within ${endWithinMs} ms`,
      );
    }
    await sleep(pollMs);
  }
}
