/** Whether a kernel has a queueing discipline, by trial. */
import type { CheckResult, PreflightCheck } from '../api/index.ts';
import { saysNoSuchQdisc } from '../lib/index.ts';
import type { TrialOutcome } from './capabilities.ts';
import { moduleRemedy, type System, unknownSystem } from './remedies/choose.ts';

type QdiscCheck = Extract<PreflightCheck, { check: 'qdisc' }>;

/** What tc wants to hear of those that have no defaults, and where those go that are no root. */
const places: Partial<Record<string, readonly string[]>> = {
  tbf: ['root', 'tbf', 'rate', '10gbit', 'burst', '3000', 'limit', '1mb'],
  red: ['root', 'red', 'limit', '400000', 'min', '30000', 'max', '90000', 'avpkt', '1000', 'burst', '55', 'bandwidth', '10mbit'],
  gred: ['root', 'gred', 'setup', 'DPs', '2', 'default', '0'],
  choke: ['root', 'choke', 'limit', '1000', 'bandwidth', '10mbit'],
  ets: ['root', 'ets', 'bands', '2'],
  ingress: ['ingress'],
  clsact: ['clsact'],
};

/** Arguments of tc that add it to the loopback device of a scratch namespace. */
export function qdiscTrial(qdisc: string): string[] {
  return ['qdisc', 'add', 'dev', 'lo', ...(places[qdisc] ?? ['root', qdisc])];
}

export function judgeQdisc(check: QdiscCheck, outcome: TrialOutcome, system: System = unknownSystem): CheckResult {
  const { qdisc } = check;
  const expected = `the kernel has the queueing discipline ${qdisc}`;
  if (outcome.ok) return { check, ok: true, expected, found: 'tc added it in a scratch namespace', remedy: '' };
  if (saysNoSuchQdisc(outcome.message)) {
    return {
      check,
      ok: false,
      expected,
      found: `the kernel has none: ${outcome.message}`,
      remedy: moduleRemedy({ name: `sch_${qdisc}` }, system),
    };
  }
  const remedy = `try it by hand on a device that it is made for: 'tc qdisc add dev DEVICE root ${qdisc}'`;
  return { check, ok: false, expected, found: `it could not be tried on lo: ${outcome.message}`, remedy };
}
