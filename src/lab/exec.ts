import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type ProgramOptions, type ProgramResult, runProgram, SquallError } from '../lib/index.ts';
import { findProgram } from './containers.ts';
import type { LabPlace } from './down.ts';
import { inNamespace } from './network.ts';
import type { PlannedPod } from './plan.ts';
import type { LabRecord } from './record.ts';
import { requireLab } from './status.ts';

export type LabCommand = LabPlace & {
  /** `namespace/name`, or a name that only one namespace has. */
  pod: string;
  command: readonly string[];
};

/** Runs a program in a pod's network namespace with the environment of its first container, and collects what it printed. */
export async function labExec(request: LabCommand, options: ProgramOptions = {}): Promise<ProgramResult> {
  const { args, environment, workingDirectory } = await resolveCommand(request);
  return await runProgram(findProgram('nsenter'), args, { env: environment, cwd: workingDirectory, ...options });
}

/** Signals that a program may be sent through its caller. */
const passedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;
/** Those that a terminal itself sends to the program, because it is in the same foreground group. */
const sentByTerminal: readonly string[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH'];

/**
 * The same with the caller's own standard input, output and signals, as a shell would run it. Resolves with the exit code;
 * 128 + n for a program that signal n has ended.
 */
export async function labExecAttached(request: LabCommand): Promise<number> {
  const { args, environment, workingDirectory } = await resolveCommand(request);
  const child = spawn(findProgram('nsenter'), args, {
    stdio: 'inherit',
    cwd: workingDirectory,
    env: { ...environment, ...(process.env.TERM === undefined ? {} : { TERM: process.env.TERM }) },
  });
  const pass = (signal: NodeJS.Signals) => {
    if (!(process.stdin.isTTY && sentByTerminal.includes(signal))) child.kill(signal);
  };
  for (const signal of passedSignals) process.on(signal, pass);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  } finally {
    for (const signal of passedSignals) process.off(signal, pass);
  }
}

async function resolveCommand({ pod: reference, command, ...place }: LabCommand) {
  const pod = findPod(await requireLab(place), reference);
  const [container] = pod.containers;
  if (container === undefined) throw new SquallError('Internal', `pod ${reference} has no container`);
  const { environment, workingDirectory } = container;
  return { args: inNamespace(pod.networkNamespace, command), environment, workingDirectory };
}

/** Exactly one pod, or an error that names the choices. */
export function findPod({ plan }: Pick<LabRecord, 'plan'>, reference: string): PlannedPod {
  const nameOf = ({ manifest: { metadata } }: PlannedPod) => `${metadata.namespace}/${metadata.name}`;
  const matches = plan.pods.filter((pod) => nameOf(pod) === reference || pod.manifest.metadata.name === reference);
  const [match] = matches;
  if (match !== undefined && matches.length === 1) return match;
  const choices = (matches.length === 0 ? plan.pods : matches).map(nameOf);
  const most = 20;
  const shown = choices.length > most ? [...choices.slice(0, most), '…'] : choices;
  const problem = matches.length === 0 ? 'there is no pod' : 'more than one namespace has a pod';
  throw new SquallError('NotFound', `${problem} '${reference}'; the lab has ${shown.join(', ')}`);
}
