/** What was received from each agent, and what was not. Pure: state and datagram in, state out. */
import type { DatagramFields, SflowDatagram, SflowSample } from '../decode/object/datagram.ts';
import { rememberStep, stepOfDatagram } from './datagram-step.ts';
import { beforeFirstDatagram } from './first-datagram.ts';
import type { SeenDatagrams } from './seen-datagrams.ts';
import { distance, mostLate, type Step, stepOf } from './sequence.ts';

/** One agent and sub-agent, which number their datagrams together. */
export type AgentAccount = {
  agent: string;
  subAgent: number;
  /** Each once. */
  datagrams: number;
  /** Gaps in the numbers of datagrams, less those that came late. What was sent before the first one is not counted. */
  lost: number;
  /** Came after a higher number, out of order. */
  late: number;
  /** Had come before, and were left out: an exporter that is told of a collector twice sends each of them twice. */
  duplicates: number;
  restarts: number;
  /** Datagrams of which not all could be decoded. */
  malformed: number;
  samples: number;
  /** Samples that the agent says it has dropped for want of resources, since its first datagram. */
  sampleDrops: number;
  /** Gaps in the numbers of samples, those in lost datagrams included. */
  samplesMissed: number;
  sequence: number;
  seen: Readonly<SeenDatagrams>;
  uptimeMs: number;
  sources: ReadonlyMap<string, SourceAccount>;
};

/** One data source: what its last sample said. */
export type SourceAccount = { sequence: number; drops: number };

export type Accounts = {
  agents: ReadonlyMap<string, AgentAccount>;
  /** Datagrams without a header that could be read, which are nobody's. */
  undecodable: number;
  /** Datagrams of agents for which there is no room. */
  untracked: number;
};

export const noAccounts: Accounts = { agents: new Map(), undecodable: 0, untracked: 0 };

/** Anybody can send datagrams in anybody's name: neither fills memory. Samples of further sources are counted, but not their drops. */
export const accountLimits = { agents: 4096, sourcesOfAgent: 4096 } as const;

export function accountDatagram(accounts: Accounts, datagram: SflowDatagram): Accounts {
  if (!('sequence' in datagram)) return { ...accounts, undecodable: accounts.undecodable + 1 };
  const agent = datagram.agent ?? 'unknown';
  const key = `${agent} ${datagram.subAgent}`;
  const before = accounts.agents.get(key);
  if (before === undefined && accounts.agents.size >= accountLimits.agents) {
    return { ...accounts, untracked: accounts.untracked + 1 };
  }
  return {
    ...accounts,
    agents: new Map(accounts.agents).set(key, afterDatagram(before ?? newAccount(agent, datagram), datagram)),
  };
}

function afterDatagram(account: AgentAccount, datagram: DatagramFields): AgentAccount {
  const step = stepOfDatagram(account, datagram);
  if (step.kind === 'duplicate') return { ...account, duplicates: account.duplicates + 1 };
  return afterSamples(afterHeader(account, datagram, step), datagram);
}

const newAccount = (agent: string, datagram: DatagramFields): AgentAccount => ({
  ...beforeFirstDatagram(agent, datagram),
  sources: new Map(),
});

function afterHeader(account: AgentAccount, datagram: DatagramFields, step: Step): AgentAccount {
  const { sequence, uptimeMs } = datagram;
  const seen = { ...account.seen };
  rememberStep(seen, step, account.datagrams === 0);
  const malformed = account.malformed + ('error' in datagram || datagram.samples.some((one) => one.error !== undefined) ? 1 : 0);
  const counted = { ...account, datagrams: account.datagrams + 1, malformed };
  switch (step.kind) {
    case 'next':
      return { ...counted, sequence, seen, uptimeMs, lost: account.lost + step.missed };
    case 'late':
      return { ...counted, seen, late: account.late + 1, lost: Math.max(0, account.lost - 1) };
    case 'restart':
      return { ...counted, sequence, seen, uptimeMs, restarts: account.restarts + 1, sources: new Map() };
  }
}

function afterSamples(account: AgentAccount, { samples }: DatagramFields): AgentAccount {
  const sources = new Map(account.sources);
  let { sampleDrops, samplesMissed } = account;
  for (const sample of samples) {
    if (sample.kind === 'counters') continue;
    const key = `${sample.kind} ${sample.source}`;
    const before = sources.get(key);
    if (before === undefined && sources.size >= accountLimits.sourcesOfAgent) continue;
    const { drops, missed, source } = afterSample(before, sample);
    sources.set(key, source);
    sampleDrops += drops;
    samplesMissed += missed;
  }
  return { ...account, samples: account.samples + samples.length, sampleDrops, samplesMissed, sources };
}

type PacketSample = Extract<SflowSample, { kind: 'flow' | 'discard' }>;

function afterSample(
  before: SourceAccount | undefined,
  { sequence, drops }: PacketSample,
): { source: SourceAccount; drops: number; missed: number } {
  const source = { sequence, drops };
  if (before === undefined) return { source, drops: 0, missed: 0 };
  const step = stepOf(before.sequence, sequence, mostLate.samples);
  if (step.kind === 'late') return { source: before, drops: 0, missed: 0 };
  // A source that counts anew has dropped nothing that this would know of.
  if (step.kind === 'restart') return { source, drops: 0, missed: 0 };
  return { source, drops: Math.max(0, distance(before.drops, drops)), missed: step.missed };
}

/** By how much more there was than was received: what is counted of this agent's samples is multiplied with it. */
export const lossCorrection = ({ datagrams, lost }: AgentAccount): number => (datagrams + lost) / datagrams;
