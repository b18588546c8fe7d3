import { join } from 'node:path';
import { type ProgramResult, runProgram } from '../../src/lib/index.ts';

/** The whole program in a process of its own, from its sources. */
export async function squall(...args: string[]): Promise<ProgramResult> {
  const program = join(import.meta.dirname, '../../src/cli/main.ts');
  return await runProgram(process.execPath, ['--no-warnings', program, ...args], { timeoutMs: 120_000 });
}
