import type { HurtPod, KernelProgram, PlannedPreview, PreviewedProbe, RunCost, RunPreview } from '../../control/index.ts';
import { formatDuration } from '../../lib/index.ts';
import { columns } from '../columns.ts';
import { trafficLines } from './preview-traffic.ts';

/** So many addresses are shown in a cell; -o json has them all. */
const mostAddresses = 4;
/** So many different kernel programs are shown; -o json has them all. */
const mostPrograms = 2;
/** So many steps of a fault are shown; -o json has them all. */
const mostSteps = 8;

const includedWords: Record<HurtPod['include'][number], string> = {
  node: 'its own node',
  dns: 'name resolution',
  apiserver: 'the API server',
  sflow: 'sFlow to a collector',
};

/** Who and what a run would hurt, for people. */
export function renderPreview(preview: RunPreview): string {
  const run = `${preview.namespace}/${preview.name}`;
  if ('refusal' in preview) return `${run} would be Refused: ${preview.refusal.reason}: ${preview.refusal.message}\n`;
  const { hurt, programs, probes, cost, seed } = preview;
  return [
    `${run} ${summarize(preview)}`,
    ...(hurt.length === 0
      ? []
      : ['', ...columns([['HURT', 'OWNER', 'LABELS', 'NODE', 'DEVICE', 'FAULT', 'PACKETS TO', 'NEVER'], ...hurt.map(hurtRow)])]),
    ...changeLines(hurt),
    ...(probes.length === 0 ? [] : ['', ...columns([['HYPOTHESIS', 'FROM', 'TO'], ...probes.map(probeRow)])]),
    ...programs.slice(0, mostPrograms).flatMap((program, index) =>
      programLines(
        program,
        hurt.filter((pod) => pod.program === index),
      ),
    ),
    ...(programs.length > mostPrograms ? ['', `… and ${counted(programs.length - mostPrograms, 'other program')}`] : []),
    ...trafficLines(preview.traffic),
    '',
    costLine(cost),
    `seed ${seed}; nothing was changed, and no node was asked`,
    '',
  ].join('\n');
}

function summarize({ hurt, beforeMs, durationMs, afterMs, leaseSeconds }: PlannedPreview): string {
  const pods = new Set(hurt.map(({ namespace, name }) => `${namespace}/${name}`)).size;
  const nodes = new Set(hurt.map(({ node }) => node)).size;
  const what =
    pods === 0 ? 'hurts nobody' : `hurts ${counted(pods, 'pod')} on ${counted(nodes, 'node')} for ${formatDuration(durationMs)}`;
  const lease = leaseSeconds === undefined ? '' : `, lease ${String(leaseSeconds)}s`;
  return `${what} (before ${formatDuration(beforeMs)}, after ${formatDuration(afterMs)}${lease})`;
}

function hurtRow({ namespace, name, owner, labels, node, device, fault, peers, spared, include }: HurtPod): string[] {
  const besides = include.map((one) => `, and ${includedWords[one]}`).join('');
  const hurt = (peers === 'all' ? 'every address' : listed(peers)) + besides;
  const made = owner === undefined ? '-' : `${owner.kind}/${owner.name}`;
  const marks = listed(Object.entries(labels).map(([key, value]) => `${key}=${value}`));
  return [`${namespace}/${name}`, made, marks, node, device, fault, hurt, listed(spared)];
}

/** For the first few programs of a run: what differs between targets of one fault is mostly the node that is spared. */
function programLines({ tree, gate }: KernelProgram, pods: readonly HurtPod[]): string[] {
  const [first] = pods;
  if (first === undefined) return [];
  const names = new Set(pods.map(({ namespace, name }) => `${namespace}/${name}`));
  const others = names.size === 1 ? '' : ` and ${counted(names.size - 1, 'other pod')}`;
  const title = `KERNEL OF ${first.namespace}/${first.name}${others}`;
  return [
    '',
    title,
    ...tree.map((line) => `  tc  ${line}`),
    ...gate
      .trimEnd()
      .split('\n')
      .map((line) => `  nft ${line}`),
  ];
}

function costLine({ nodeTasks, nodes, leaseRenewals, kernelRenewals, probes }: RunCost): string {
  const rates = [
    `${String(leaseRenewals)} renewals of its Lease`,
    `${String(kernelRenewals)} of leases in kernels`,
    `${String(probes)} probes`,
  ];
  return `costs ${counted(nodeTasks, 'NodeTask')} on ${counted(nodes, 'node')}; a second ${rates.join(', ')}`;
}

/** How faults change while they are active; of what hurts several pods once. */
function changeLines(hurt: readonly HurtPod[]): string[] {
  const rows = [...new Set(hurt.flatMap((one) => changeRows(one).map((row) => JSON.stringify(row))))];
  return rows.length === 0
    ? []
    : ['', ...columns([['FAULT', 'CHANGES', 'TO'], ...rows.map((row) => JSON.parse(row) as string[])])];
}

function changeRows({ fault, steps = [], pulse }: HurtPod): string[][] {
  const left = steps.length - mostSteps;
  const rows = steps.map((step) => [fault, `after ${formatDuration(step.atMs)}`, step.fault]);
  const shown = left <= 0 ? rows : [...rows.slice(0, mostSteps - 1), [fault, '…', `(${String(left)} more)`], ...rows.slice(-1)];
  if (pulse === undefined) return shown;
  const { activeMs, idleMs } = pulse;
  return [...shown, [fault, 'in turns', `acts ${formatDuration(activeMs)}, rests ${formatDuration(idleMs)}`]];
}

function probeRow({ hypothesis, source, protocol, address, port }: PreviewedProbe): string[] {
  return [hypothesis, source, `${protocol} ${address}${port === undefined ? '' : ` port ${String(port)}`}`];
}

function listed(addresses: readonly string[]): string {
  const shown = addresses.slice(0, mostAddresses).join(', ');
  return addresses.length > mostAddresses ? `${shown}, … (${String(addresses.length)})` : shown;
}

function counted(amount: number, noun: string): string {
  return `${String(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}
