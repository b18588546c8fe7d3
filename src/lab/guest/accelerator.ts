import { constants } from 'node:fs';
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestImage } from './guest-image.ts';
import { buildTrialRamdisk } from './initial-ramdisk.ts';
import { type Accelerator, type MachinePlan, startMachine } from './machine.ts';

/** What a trial showed, and on which machine: another kernel or processor is tried anew. */
type Remembered = { machine: string; accelerator: Accelerator };

const answer = 'squall-guest: the trial kernel runs';

/**
 * KVM where it really boots a kernel, else software emulation. A /dev/kvm that opens proves nothing (some clouds' cannot boot a
 * stock kernel), so it is tried once, for at most `limitMs`, and the outcome kept in the image's folder.
 */
export async function chooseAccelerator(
  image: GuestImage,
  onProgress: (text: string) => void,
  limitMs = 20_000,
  signal?: AbortSignal,
): Promise<Accelerator> {
  const usable = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!usable) return 'tcg';
  const file = join(image.folder, 'accelerator.json');
  const machine = `${release()} ${cpus()[0]?.model ?? ''}`;
  const remembered = await recall(file);
  if (remembered?.machine === machine) return remembered.accelerator;
  onProgress('trying whether KVM boots the guest (once, at most 20 s)');
  const accelerator = (await boots(image, limitMs, signal)) ? 'kvm' : 'tcg';
  const fresh = `${file}.${String(process.pid)}`;
  await writeFile(fresh, JSON.stringify({ machine, accelerator } satisfies Remembered));
  await rename(fresh, file);
  return accelerator;
}

/** To be called when a machine that KVM should run did not boot: the next start tries again. */
export async function forgetAccelerator(image: GuestImage): Promise<void> {
  await rm(join(image.folder, 'accelerator.json'), { force: true });
}

async function recall(file: string): Promise<Remembered | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Remembered;
  } catch {
    return undefined;
  }
}

async function boots(image: GuestImage, limitMs: number, signal?: AbortSignal): Promise<boolean> {
  const plan: MachinePlan = { accelerator: 'kvm', memoryMb: 512, processors: 2, shares: [], terminal: false };
  const machine = await startMachine(image, plan, await buildTrialRamdisk(image, answer), []);
  let printed = '';
  const answered = new Promise<boolean>((resolve) => {
    machine.console.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.includes(answer)) resolve(true);
    });
  });
  const stop = new AbortController();
  try {
    return await Promise.race([
      answered,
      machine.process.ended.then(() => printed.includes(answer)),
      sleep(limitMs, false, { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal }),
    ]);
  } finally {
    stop.abort();
    await machine.process.kill();
  }
}
