import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import {
  type Lab,
  labDown,
  labExecAttached,
  type LabPlace,
  type LabRemoval,
  type LabSwitch,
  labStatus,
  labUp,
  readTopology,
} from '../../lab/index.ts';
import { endingSignal } from '../ending-signal.ts';
import { columns } from '../columns.ts';
import { lockState } from '../state-lock.ts';
import { defaultStateFolder, instanceId } from '../state.ts';

type StateOption = { state: string };

/** `squall lab up|exec|status|down`. Errors are thrown: the composition root prints them and chooses the exit code. */
export function labCommand(): Command {
  const command = new Command('lab').description('pods as network namespaces on this machine, from Kubernetes manifests');
  const subcommand = (name: string, description: string) =>
    command.command(name).description(description).option('--state <dir>', 'state folder', defaultStateFolder());

  subcommand('up', 'start the pods and services of a topology; one that is running is replaced')
    .argument('<topology>', 'YAML file with Pod and Service manifests')
    .action(async (file: string, { state }: StateOption) => {
      await up(file, placeOf(state));
    });
  subcommand('exec', "run a program in a pod's network namespace")
    .usage('[options] [NAMESPACE/]POD -- COMMAND...')
    .argument('<pod>', 'a pod, with its namespace where the name alone is not enough')
    .argument('<command...>', 'program and arguments')
    .action(async (pod: string, program: string[], { state }: StateOption) => {
      process.exitCode = await labExecAttached({ ...placeOf(state), pod, command: program });
    });
  subcommand('status', 'show the pods and services, and what lives')
    .addOption(new Option('-o, --output <format>', 'for programs').choices(['json']))
    .action(async ({ state, output }: StateOption & { output?: string }) => {
      const lab = await labStatus(placeOf(state));
      if (output === 'json') print(JSON.stringify(lab ?? null, null, 2));
      else print(lab === undefined ? `There is no lab in ${state}.` : formatLab(lab));
    });
  subcommand('down', 'end every process of the lab and delete its network namespaces').action(async ({ state }: StateOption) => {
    const place = placeOf(state);
    using _lock = lockState(place.stateFolder);
    print(formatRemoval(await labDown(place)));
  });
  return command;
}

function placeOf(stateFolder: string): LabPlace {
  const folder = resolve(stateFolder);
  return { stateFolder: folder, instance: instanceId(folder) };
}

async function up(file: string, place: LabPlace): Promise<void> {
  // A run on the same state folder may be using the lab that this one would replace.
  using _lock = lockState(place.stateFolder);
  using ending = endingSignal({ second: 'ends' });
  const lab = await labUp({ ...place, topology: await readTopology({ file }), signal: ending.signal });
  for (const warning of lab.warnings) process.stderr.write(`warning: ${warning}\n`);
  print(formatLab(lab));
}

/** A lab as people read it: one line a pod, one line a service, one line for a switch that is not the kernel's. */
export function formatLab({ pods, services, switch: labSwitch }: Lab): string {
  const podRows = pods.map(({ metadata, status }) => [
    `${metadata.namespace ?? ''}/${metadata.name}`,
    status?.phase ?? '',
    status?.conditions.some(({ type, status: met }) => type === 'Ready' && met === 'True') === true ? 'ready' : 'not ready',
    ...(status?.podIPs ?? []).map(({ ip }) => ip),
  ]);
  const serviceRows = services.map(({ metadata, spec }) => [
    `${metadata.namespace ?? ''}/${metadata.name}`,
    spec.ports.map(({ port, protocol }) => `${port}/${protocol}`).join(','),
    ...spec.clusterIPs,
  ]);
  return [
    ...['PODS', ...columns(podRows)],
    ...(serviceRows.length === 0 ? [] : ['SERVICES', ...columns(serviceRows)]),
    ...(labSwitch === undefined ? [] : ['SWITCH', formatSwitch(labSwitch)]),
  ].join('\n');
}

function formatSwitch({ kind, sampling, pollingSeconds, agent, collectors, processes }: LabSwitch): string {
  const ended = processes.filter(({ state }) => state === 'ended').map(({ name }) => name);
  const state = ended.length === 0 ? 'running' : `ended: ${ended.join(', ')}`;
  return `${kind}  ${state}  sFlow of 1 in ${sampling} packets, counters every ${pollingSeconds} s, from ${agent} to ${collectors.join(', ')}`;
}

export function formatRemoval({ namespaces, processes, forgotten }: LabRemoval): string {
  if (forgotten) return 'The lab was of another boot of this machine; its record is removed.';
  if (namespaces.length + processes === 0) return 'There was nothing to remove.';
  return [`Ended ${processes} processes and deleted ${namespaces.length} network namespaces:`, ...namespaces].join('\n  ');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
