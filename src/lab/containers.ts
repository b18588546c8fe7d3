import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { SquallError } from '../lib/index.ts';
import { startDetached } from './detached.ts';
import { inNamespace } from './network.ts';
import type { PlannedContainer, PlannedPod } from './plan.ts';
import { markerVariable, type ProcessIdentity } from './process-table.ts';

/** A container's process while its lab is being made. */
export type RunningContainer = {
  pod: PlannedPod;
  container: PlannedContainer;
  identity: ProcessIdentity;
  /** Resolves when the process ends; null when a signal ended it. */
  ended: Promise<number | null>;
};

/** What every container's environment starts from: `node` is the Node that runs Squall, and nothing else of the caller leaks in. */
export function baseEnvironment(instance: string): Record<string, string> {
  const path = process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return { PATH: [dirname(process.execPath), path].join(delimiter), HOME: process.env.HOME ?? '/', [markerVariable]: instance };
}

/**
 * Starts a container's program in its pod's namespace; nsenter turns into the program, so the pid is the program's.
 * @param logFile output is appended to it
 */
export function startContainer(pod: PlannedPod, container: PlannedContainer, logFile: string): RunningContainer {
  const name = `${pod.manifest.metadata.namespace}/${pod.manifest.metadata.name} container ${container.name}`;
  if (!existsSync(container.workingDirectory)) {
    throw new SquallError('LabFailed', `${name}: the working directory '${container.workingDirectory}' does not exist`);
  }
  const started = startDetached(findProgram('nsenter'), inNamespace(pod.networkNamespace, container.command), {
    logFile,
    cwd: container.workingDirectory,
    env: container.environment,
  });
  if (started === undefined) throw new SquallError('LabFailed', `${name}: could not start '${container.command.join(' ')}'`);
  return { pod, container, identity: started.identity, ended: started.ended };
}

/** The file that a container's standard output and error go to. All three names are DNS labels, so this is one file name. */
export function containerLogName(pod: PlannedPod, container: PlannedContainer): string {
  return `${pod.manifest.metadata.namespace}_${pod.manifest.metadata.name}_${container.name}.log`;
}

/** The path of a program by the caller's own PATH: the container's PATH is for the container's program. */
export function findProgram(name: string): string {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder; the next one may have it.
    }
  }
  throw new SquallError('ToolMissing', `the program '${name}' is not installed`);
}
