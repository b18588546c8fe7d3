import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import pino from 'pino';
import { SquallError, systemClock } from '../../lib/index.ts';
import { chooseKernel, gatherKernelFacts, type GuestMode } from '../../lab/index.ts';
import { endingSignal, tellUndoing } from '../ending-signal.ts';
import { readTargetRules, type TargetOptions, withTargetOptions } from '../operate/target-options.ts';
import { readSflowOptions, type SflowOptions, withSflowOptions } from '../network/sflow-options.ts';
import { kernelHere, runAgainInGuest } from '../run/in-guest.ts';
import { labHasOpenVswitch } from '../run/lab-switch.ts';
import { parseListenAddress } from '../serve/listen-address.ts';
import { serveLocally } from '../serve/serve-locally.ts';
import { defaultStateFolder } from '../state.ts';

type ServeOptions = TargetOptions &
  SflowOptions & { lab?: string; guest: GuestMode; listen: string; sflowRt: string; state: string };

const onlyInGuest = '--sflow-rt and --sflow are reached from inside the guest machine only';

/** Exit code 0 when it was told to stop and everything is undone. */
export function serveCommand(): Command {
  return withSflowOptions(withTargetOptions(new Command('serve')))
    .description('run the schedules and experiments of a folder, day after day')
    .argument('<folder>', 'manifests: NetworkExperimentSchedule, NetworkExperiment, and what they refer to; it is followed')
    .option('--lab <topology>', 'bring up a lab, and take it down at the end; without it a lab that is up is used')
    .addOption(
      new Option('--guest <mode>', 'run in the guest machine: auto is where this kernel lacks netem')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option('--listen <address>', "HTTP for metrics and health; port 0 draws one, 'none' serves none", '127.0.0.1:9464')
    .option('--sflow-rt <address>', "serve sFlow-RT's REST API there, such as 127.0.0.1:8008", 'none')
    .option('--state <folder>', 'state folder', defaultStateFolder())
    .action(async (folder: string, options: ServeOptions) => {
      process.exitCode = await serve(folder, options);
    });
}

async function serve(folderArgument: string, options: ServeOptions): Promise<number> {
  const folder = resolve(folderArgument);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new SquallError('InvalidInput', `expected a folder of manifests, and '${folderArgument}' is none; make it first`);
  }
  const listen = parseListenAddress(options.listen);
  const targets = readTargetRules(options);
  const sflow = readSflowOptions(options);
  const sflowRt = parseListenAddress(options.sflowRt, '--sflow-rt');
  if (sflowRt !== undefined && sflow.listen === undefined) {
    throw new SquallError(
      'InvalidInput',
      "--sflow-rt: expected an --sflow address, since it serves what is received there; found 'none'",
    );
  }
  const stateFolder = resolve(options.state);
  const hasOpenVswitch = await labHasOpenVswitch(options.lab, stateFolder);
  const choice = chooseKernel(options.guest, { ...(await gatherKernelFacts()), hasOpenVswitch });
  if (choice.where === 'guest') {
    process.stderr.write(`kernel: guest machine, because ${choice.why}\n`);
    if (sflowRt !== undefined) process.stderr.write(`warning: ${onlyInGuest}\n`);
    return await runAgainInGuest({ stateFolder, writable: [folder], listen, why: choice.why });
  }
  const kernelChoice = kernelHere(choice);
  process.stderr.write(`kernel: ${kernelChoice.guest ? 'guest machine' : 'this machine'}, because ${kernelChoice.why}\n`);
  using ending = endingSignal({ second: tellUndoing, reason: 'Stopped' });
  const log = pino({ level: process.env.SQUALL_LOG ?? 'info', base: null }, pino.destination({ fd: 2, sync: true }));
  const { lab } = options;
  const { signal } = ending;
  const parts = { folder, stateFolder, lab, listen, sflow, sflowRt, log, kernelChoice, targets, signal };
  await serveLocally({ ...parts, clock: systemClock, random: Math.random });
  return 0;
}
