/** Whether a sysctl is what it must be. */
import { SquallError } from '../lib/index.ts';
import type { CheckResult, PreflightCheck, SysctlExpectation } from '../api/index.ts';
import { missingSysctlRemedy, presentSysctlRemedy, sysctlValueRemedy } from './node-remedies.ts';
import { type System, unknownSystem } from './remedies/choose.ts';

type SysctlCheck = Extract<PreflightCheck, { check: 'sysctl' }>;

const namePattern = /^[a-z0-9_-]+([./][A-Za-z0-9_-]+)+$/;

/**
 * The file of a sysctl below /proc/sys, by the rule of sysctl(8): the first separator is that between folders, and the other one stands
 * for it within a name, as in `net.ipv4.conf.eth0/100.proxy_arp` of the device eth0.100.
 * @throws SquallError InvalidInput for what is no such name
 */
export function sysctlFile(name: string): string {
  if (!namePattern.test(name))
    throw new SquallError('InvalidInput', `'${name}' is no name of a sysctl such as net.ipv4.ip_forward`);
  const separator = /[./]/.exec(name)?.[0];
  if (separator === '/') return name;
  return name.replaceAll(/[./]/g, (one) => (one === '.' ? '/' : '.'));
}

/** What was read, with each run of blanks as one: /proc puts tabs between the numbers of a sysctl that has several. */
export function normaliseSysctl(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}

/** @param read undefined where there is no such sysctl */
export function judgeSysctl(check: SysctlCheck, read: string | undefined, system: System = unknownSystem): CheckResult {
  const { sysctl, podUid, expect } = check;
  const place = podUid === undefined ? '' : ` in pod ${podUid}`;
  const expected = `${sysctl}${place} ${wordsOf(expect)}`;
  if (read === undefined) {
    const ok = expect.operator === 'absent';
    return { check, ok, expected, found: 'there is no such sysctl', remedy: ok ? '' : missingSysctlRemedy(sysctl, system) };
  }
  const found = normaliseSysctl(read);
  if (holds(expect, found)) return { check, ok: true, expected, found: shown(found), remedy: '' };
  const wanted = valueThatHolds(expect, found);
  const remedy = wanted === undefined ? presentSysctlRemedy(sysctl) : sysctlValueRemedy(sysctl, wanted, podUid !== undefined);
  return { check, ok: false, expected, found: shown(found), remedy };
}

function wordsOf(expect: SysctlExpectation): string {
  switch (expect.operator) {
    case 'equals':
      return `is ${shown(normaliseSysctl(expect.value))}`;
    case 'oneOf':
      return `is one of ${expect.values.map((value) => shown(normaliseSysctl(value))).join(', ')}`;
    case 'range':
      return `is a number ${rangeWords(expect)}`;
    case 'exists':
      return 'exists';
    case 'absent':
      return 'does not exist';
  }
}

function rangeWords({ atLeast, atMost }: Extract<SysctlExpectation, { operator: 'range' }>): string {
  const least = atLeast === undefined ? [] : [`of at least ${String(atLeast)}`];
  const most = atMost === undefined ? [] : [`of at most ${String(atMost)}`];
  return [...least, ...most].join(' and ');
}

function holds(expect: SysctlExpectation, found: string): boolean {
  switch (expect.operator) {
    case 'equals':
      return found === normaliseSysctl(expect.value);
    case 'oneOf':
      return expect.values.some((value) => found === normaliseSysctl(value));
    case 'range': {
      const { atLeast = -Infinity, atMost = Infinity } = expect;
      // Of several numbers none is the sysctl's value.
      return /^-?\d+$/.test(found) && Number(found) >= atLeast && Number(found) <= atMost;
    }
    case 'exists':
      return true;
    case 'absent':
      return false;
  }
}

/** Undefined where no value would do. */
function valueThatHolds(expect: SysctlExpectation, found: string): string | undefined {
  switch (expect.operator) {
    case 'equals':
      return normaliseSysctl(expect.value);
    case 'oneOf':
      return expect.values[0];
    case 'range': {
      const { atLeast, atMost } = expect;
      const nearest = atMost !== undefined && Number(found) > atMost ? atMost : (atLeast ?? atMost);
      return nearest === undefined ? undefined : String(nearest);
    }
    case 'exists':
    case 'absent':
      return undefined;
  }
}

function shown(value: string): string {
  return value === '' ? 'empty' : value;
}
