import type { Capability } from '../api/index.ts';
import { runProgram } from '../lib/index.ts';
import { capabilityTrials, moduleHint, type TrialOutcome } from '../preflight/index.ts';
import { readModuleFacts } from './module-facts.ts';

const timeoutMs = 10_000;

/** In a scratch namespace that is gone when this resolves. */
export async function tryCapability(capability: Capability): Promise<TrialOutcome> {
  const { program, args, input, lacking } = capabilityTrials[capability];
  const result = await runProgram('unshare', ['--net', '--', program, ...args], { input, timeoutMs });
  const message = result.stderr.trim().replaceAll(/\s*\n\s*/g, '; ');
  if (result.code === 0) return { ok: true, message };
  const hint = typeof lacking === 'string' ? undefined : moduleHint(lacking.name, await readModuleFacts());
  return { ok: false, message, ...(hint === undefined ? {} : { hint }) };
}
