import type { Capability } from '../api/index.ts';
import { runProgram } from '../lib/index.ts';
import { type CapabilityTrial, capabilityTrials, type TrialOutcome } from '../preflight/index.ts';

const timeoutMs = 10_000;

export async function tryCapability(capability: Capability): Promise<TrialOutcome> {
  return await tryInScratch(capabilityTrials[capability]);
}

/** In a scratch namespace that is gone when this resolves. */
export async function tryInScratch({
  program,
  args,
  input,
}: Pick<CapabilityTrial, 'program' | 'args' | 'input'>): Promise<TrialOutcome> {
  const result = await runProgram('unshare', ['--net', '--', program, ...args], { input, timeoutMs });
  return { ok: result.code === 0, message: result.stderr.trim().replaceAll(/\s*\n\s*/g, '; ') };
}
