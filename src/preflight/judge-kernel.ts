/** Whether a node's kernel is of the versions that are asked for. */
import type { CheckResult, KernelRange, PreflightCheck } from '../api/index.ts';
import { kernelRemedy } from './node-remedies.ts';

type KernelCheck = Extract<PreflightCheck, { check: 'kernel' }>;

/** @param release as uname(2) says it, such as 6.1.0-56-cloud-amd64 */
export function judgeKernel(check: KernelCheck, release: string): CheckResult {
  const { range } = check;
  const expected = `the kernel is Linux ${rangeWords(range)}`;
  const version = /^\d+(\.\d+){0,2}/.exec(release)?.[0];
  const { atLeast, atMost } = range;
  const ok =
    version !== undefined &&
    (atLeast === undefined || compareVersions(version, atLeast) >= 0) &&
    (atMost === undefined || compareVersions(version, atMost) <= 0);
  return { check, ok, expected, found: release, remedy: ok ? '' : kernelRemedy(range) };
}

/** By the parts that `bound` has: 6.1.55 is no more than 6.1. @returns negative, 0 or positive */
export function compareVersions(version: string, bound: string): number {
  const parts = version.split('.').map(Number);
  const differences = bound.split('.').map((part, index) => (parts[index] ?? 0) - Number(part));
  return differences.find((difference) => difference !== 0) ?? 0;
}

function rangeWords({ atLeast, atMost }: KernelRange): string {
  if (atMost === undefined) return `${atLeast ?? ''} or newer`;
  return atLeast === undefined ? `${atMost} or older` : `${atLeast} to ${atMost}`;
}
