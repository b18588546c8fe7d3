import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import pino from 'pino';
import { exitCodeOf, formatProblem, notImplementedYet, worst } from '../../api/index.ts';
import { parseDuration, SquallError, systemClock } from '../../lib/index.ts';
import { chooseKernel, gatherKernelFacts, type GuestMode, type KernelChoice } from '../../lab/index.ts';
import { createLiveView, renderSummary } from '../../report/index.ts';
import { endingSignal, tellUndoing } from '../ending-signal.ts';
import { readTargetRules, type TargetOptions, withTargetOptions } from '../operate/target-options.ts';
import { readSflowOptions, type SflowOptions, withSflowOptions } from '../network/sflow-options.ts';
import { readCheckedManifests } from '../read-manifests.ts';
import { defaultStateFolder } from '../state.ts';
import { kernelHere, runAgainInGuest } from '../run/in-guest.ts';
import { labHasOpenVswitch } from '../run/lab-switch.ts';
import { type Reported, runLocally } from '../run/run-locally.ts';
import { isValid, renderValidated, type Validated } from '../run/validate-once.ts';
import { refuseMonitorsAlone, toExperiments, validatorsOf } from '../run/wrap.ts';

type RunOptions = TargetOptions &
  SflowOptions & {
    lab?: string;
    guest: GuestMode;
    out?: string;
    for?: string;
    output: 'text' | 'json';
    state: string;
  };

export function runCommand(): Command {
  return withSflowOptions(withTargetOptions(new Command('run')))
    .description('run experiments to their verdicts')
    .argument(
      '<file...>',
      'manifests: NetworkExperiment, NetworkTrafficShaper, NetworkConnectivityTest, NetworkModulesValidator; NetworkMonitors for their aborts',
    )
    .option(
      '--lab <topology>',
      'bring up a lab of network namespaces from Pod and Service manifests, and take it down afterwards',
    )
    .addOption(
      new Option('--guest <mode>', 'run in the guest machine: auto is where this kernel lacks netem')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option('--out <folder>', 'write journal.jsonl, report.json, junit.xml and report.html there')
    .option('--for <duration>', 'duration of a NetworkTrafficShaper that names none, such as 30s')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .option('--state <folder>', 'state folder', defaultStateFolder())
    .action(async (files: string[], options: RunOptions) => {
      process.exitCode = await run(files, options);
    });
}

async function run(files: string[], options: RunOptions): Promise<number> {
  const { manifests, warnings, errors } = await readCheckedManifests(files, systemClock.now());
  for (const warning of warnings) process.stderr.write(`warning: ${formatProblem(warning)}\n`);
  const problems = [...errors, ...manifests.flatMap(notImplementedYet)];
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (problems.length > 0) return 2;
  if (options.for !== undefined && parseDuration(options.for) === undefined) {
    throw new SquallError('InvalidInput', `--for: expected a duration such as 30s, found '${options.for}'`);
  }
  refuseMonitorsAlone(manifests);
  const experiments = toExperiments(manifests, options.for);
  const validators = validatorsOf(manifests).map(({ object }) => object);
  const targets = readTargetRules(options);
  const sflow = readSflowOptions(options);
  const stateFolder = resolve(options.state);
  const hasOpenVswitch = await labHasOpenVswitch(options.lab, stateFolder);
  const choice = await kernelFor(options.guest, experiments.length, hasOpenVswitch);
  const out = options.out === undefined ? undefined : resolve(options.out);
  if (choice.where === 'guest') {
    process.stderr.write(`kernel: guest machine, because ${choice.why}\n`);
    return await runAgainInGuest({ stateFolder, writable: out === undefined ? [] : [out], why: choice.why });
  }
  const kernelChoice = kernelHere(choice);
  process.stderr.write(`kernel: ${kernelChoice.guest ? 'guest machine' : 'this machine'}, because ${kernelChoice.why}\n`);
  return await runHere({ ...options, stateFolder, out, manifests, experiments, validators, kernelChoice, targets, sflow });
}

/** Validators are about the machine that the command is run on: another kernel would be another node. */
async function kernelFor(guest: GuestMode, experiments: number, hasOpenVswitch: boolean): Promise<KernelChoice> {
  const facts = { ...(await gatherKernelFacts()), hasOpenVswitch };
  if (experiments > 0 || guest !== 'auto') return chooseKernel(guest, facts);
  return { ...chooseKernel(guest, { ...facts, netem: { outcome: 'works' } }), why: 'validators are about it' };
}

type Here = Pick<
  Parameters<typeof runLocally>[0],
  'stateFolder' | 'manifests' | 'experiments' | 'validators' | 'kernelChoice' | 'targets' | 'sflow'
> &
  Pick<RunOptions, 'lab' | 'output'> & { out: string | undefined };

async function runHere({ output, ...options }: Here): Promise<number> {
  using ending = endingSignal({ second: tellUndoing });
  const stream = output === 'json' ? process.stderr : process.stdout;
  const view = createLiveView({
    stream,
    isTty: stream.isTTY && output === 'text',
    columns: () => stream.columns,
    clock: systemClock,
  });
  const log = pino({ level: process.env.SQUALL_LOG ?? 'warn' }, pino.destination(2));
  try {
    const validated: Validated[] = [];
    const reports = await runLocally({
      ...options,
      log,
      onRecord: view.onRecord,
      onValidated: (one) => {
        validated.push(one);
        if (output === 'text') process.stdout.write(renderValidated(one));
      },
      onRecovered: tellRecovered,
      signal: ending.signal,
    });
    view.close();
    print(reports, validated, output, options.experiments.length);
    return exitOf(reports, validated, options);
  } finally {
    view.close();
  }
}

/** Of the runs and of what a validator that is not met counts as: a refusal. What was cut off before it was done counts as an abort. */
function exitOf(
  reported: readonly Reported[],
  validated: readonly Validated[],
  { experiments, validators }: Pick<Here, 'experiments' | 'validators'>,
): number {
  if ((reported.length === 0 && experiments.length > 0) || validated.length < validators.length) return 4;
  const refused = validated.every(isValid) ? [] : [{ verdict: 'Refused' as const, reason: 'PreflightRefused' }];
  const decisive = worst([...reported.map(({ report }) => report), ...refused]);
  return decisive ? exitCodeOf(decisive.verdict, decisive.reason) : 0;
}

/** JSON: the document alone where there is but one, be it a report or what was found of a validator's nodes. */
function print(reported: readonly Reported[], validated: readonly Validated[], output: 'text' | 'json', asked: number): void {
  const documents = [...validated, ...reported.map(({ report }) => report)];
  const isOne = asked + validated.length === 1;
  if (output === 'json') process.stdout.write(`${JSON.stringify(isOne ? (documents[0] ?? null) : documents, null, 2)}\n`);
  else for (const { report, folder } of reported) process.stdout.write(`${renderSummary(report, { folder })}\n`);
}

function tellRecovered({ report: { experiment, verdict, reason, residue }, folder }: Reported): void {
  const name = `${experiment.namespace}/${experiment.name}`;
  process.stderr.write(
    `an earlier run was cut off: ${name}: ${verdict} (${reason}), residue ${residue}; its report is in ${folder}\n`,
  );
}
