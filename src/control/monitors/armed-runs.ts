/** The runs that a monitor may abort, as their objects say. Pure. */
import { isIPv4 } from 'node:net';
import type { AbortRule, Phase } from '../../api/index.ts';
import type { RunState } from '../../experiment/index.ts';
import type { ExperimentObject } from '../run-status.ts';

/** A run of whose `spec.abort` at least one rule names the monitor. */
export type ArmedRun = {
  /** `namespace/name` of the monitor. */
  monitor: string;
  uid: string;
  name: string;
  /** Where not all runs can be armed, the older ones are. */
  createdAt: string;
  /** Which its rules name, each once; the monitor may not have all of them. */
  thresholds: string[];
  phase: Phase;
  /** Canonical addresses of what it hurts; none before that is planned. */
  targets: string[];
};

/** One for each monitor that its rules name. A run is armed from its first status on, until it is over. */
export function armedRunsOf({ metadata, status }: ExperimentObject, abort: readonly AbortRule[]): ArmedRun[] {
  if (status === undefined || status.phase === 'done') return [];
  const { uid = '', namespace = 'default', name, creationTimestamp = '' } = metadata;
  const rules = abort.flatMap((rule) => (rule.kind === 'monitor' ? [rule.monitor] : []));
  const phase = armingPhase(status.run);
  const targets = [...new Set((status.addresses ?? []).map(canonicalAddress))].sort();
  return [...Map.groupBy(rules, ({ ref }) => ref)].map(([ref, ofMonitor]) => ({
    monitor: `${namespace}/${ref}`,
    ...{ uid, name, createdAt: creationTimestamp, phase, targets },
    thresholds: [...new Set(ofMonitor.map(({ threshold }) => threshold))],
  }));
}

/** What was measured once something may have been hurt is no baseline any more. */
export function armingPhase({ phase, touched }: Pick<RunState, 'phase' | 'touched'>): Phase {
  switch (phase) {
    case 'pending':
    case 'preflight':
    case 'before':
      return touched ? 'during' : 'before';
    case 'inject':
    case 'during':
      return 'during';
    case 'undo':
    case 'after':
    case 'settle':
    case 'done':
      return 'after';
  }
}

/** As packets' addresses are printed (RFC 5952), which is what they are compared with. */
export function canonicalAddress(text: string): string {
  if (isIPv4(text) || !URL.canParse(`http://[${text}]`)) return text;
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
