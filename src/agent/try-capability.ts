import type { Capability } from '../api/index.ts';
import { runProgram } from '../lib/index.ts';
import { type CapabilityTrial, capabilityTrials, moduleHint, type TrialOutcome } from '../preflight/index.ts';
import { readModuleFacts } from './module-facts.ts';

const timeoutMs = 10_000;

export async function tryCapability(capability: Capability): Promise<TrialOutcome> {
  const { lacking, ...trial } = capabilityTrials[capability];
  const outcome = await tryInScratch(trial);
  if (outcome.ok) return outcome;
  const hint = typeof lacking === 'string' ? undefined : moduleHint(lacking.name, await readModuleFacts());
  return { ...outcome, ...(hint === undefined ? {} : { hint }) };
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
