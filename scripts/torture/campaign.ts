/** Several instances side by side in one kernel, each playing its share of the kills one after the other. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { differences, putForeignState, readKernelState } from './foreign-state.ts';
import type { TortureFault } from './fault-of-kernel.ts';
import { createInstance, type Instance, type LabPod } from './instance.ts';
import type { Kill, Victim } from './kill-plan.ts';
import type { KillRecord } from './record.ts';
import { playRound } from './round.ts';
import { startWatcher } from './watcher.ts';

export type Campaign = {
  folder: string;
  kills: readonly Kill[];
  instances: number;
  fault: TortureFault;
  /** No round begins after this instant, in milliseconds since 1970. */
  until: number;
  onRecord: (record: KillRecord) => void;
  /** Told where everything of an instance is whose round failed. */
  onFailure: (record: KillRecord, folder: string) => void;
};

/** After so many rounds in which something did not hold the rest would show nothing new. */
const mostFailures = 5;

/** Plays all kills, or stops every instance when too much did not hold. Resolves with what was played. */
export async function playCampaign({
  folder,
  kills,
  instances,
  fault,
  until,
  onRecord,
  onFailure,
}: Campaign): Promise<KillRecord[]> {
  const records: KillRecord[] = [];
  const failures = () => records.filter(({ problems }) => problems.length > 0).length;

  async function playShare(number: number): Promise<void> {
    const own = kills.filter((kill) => kill.number % instances === number);
    const place = join(folder, `instance-${number}`);
    mkdirSync(place, { recursive: true });
    const namespace = `torture-${number}`;
    const serverCount = 1 + mostFailures + own.filter(({ victim }) => endsTarget(victim)).length;
    const instance = await createInstance({ folder: place, serverCount, namespace });
    try {
      await instance.start();
      await playRounds(instance, own, namespace, number, place);
    } finally {
      await instance.stop();
      await instance.dispose();
    }
  }

  async function playRounds(instance: Instance, own: readonly Kill[], namespace: string, number: number, place: string) {
    const targets = [...instance.servers];
    let stage = await setStage(instance, targets.shift());
    try {
      for (const kill of own) {
        if (failures() >= mostFailures || Date.now() > until) return;
        const record = await playRound({ instance, namespace, fault, ...stage }, kill, number);
        record.problems.push(...differences(stage.clientUntouched, await readKernelState(instance.client.networkNamespace)));
        records.push(record);
        onRecord(record);
        if (record.problems.length > 0) onFailure(record, place);
        // What a failed round may have left in its target must not fail the next.
        if (endsTarget(kill.victim) || record.problems.length > 0) {
          await stage.watcher.stop();
          stage = await setStage(instance, targets.shift());
        }
      }
    } finally {
      await stage.watcher.stop();
    }
  }

  await Promise.all(Array.from({ length: instances }, (_, number) => playShare(number)));
  return records;
}

const endsTarget = (victim: Victim): boolean => victim === 'target' || victim === 'namespace';

/** Puts others' state into the target and a watcher that pings from there; what is read then must be read again after every round. */
async function setStage({ client }: Instance, target: LabPod | undefined) {
  if (target === undefined) throw new Error('no pod is left to hurt');
  await putForeignState(target.networkNamespace);
  const watcher = startWatcher(target.networkNamespace, client.address);
  return {
    target,
    watcher,
    untouched: await readKernelState(target.networkNamespace),
    clientUntouched: await readKernelState(client.networkNamespace),
  };
}
