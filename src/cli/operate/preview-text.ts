import type { HurtPod, PlannedPreview, PreviewedProbe, RunPreview } from '../../control/index.ts';
import { formatDuration } from '../../lib/index.ts';
import { columns } from '../columns.ts';

/** So many addresses are shown in a cell; -o json has them all. */
const mostAddresses = 4;

const includedWords: Record<HurtPod['include'][number], string> = {
  node: 'its own node',
  dns: 'name resolution',
  apiserver: 'the API server',
};

/** Who and what a run would hurt, for people. */
export function renderPreview(preview: RunPreview): string {
  const run = `${preview.namespace}/${preview.name}`;
  if ('refusal' in preview) return `${run} would be Refused: ${preview.refusal.reason}: ${preview.refusal.message}\n`;
  const { hurt, probes, seed } = preview;
  return [
    `${run} ${summarize(preview)}`,
    ...(hurt.length === 0
      ? []
      : ['', ...columns([['HURT', 'NODE', 'DEVICE', 'FAULT', 'PACKETS TO', 'NEVER'], ...hurt.map(hurtRow)])]),
    ...(probes.length === 0 ? [] : ['', ...columns([['HYPOTHESIS', 'FROM', 'TO'], ...probes.map(probeRow)])]),
    '',
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

function hurtRow({ namespace, name, node, device, fault, peers, spared, include }: HurtPod): string[] {
  const besides = include.map((one) => `, and ${includedWords[one]}`).join('');
  const hurt = (peers === 'all' ? 'every address' : listed(peers)) + besides;
  return [`${namespace}/${name}`, node, device, fault, hurt, listed(spared)];
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
