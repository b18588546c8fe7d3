import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { exitCodeOf } from '../../api/index.ts';
import { cleanLine } from '../../report/index.ts';
import { diagnose, type Finding } from '../doctor/diagnose.ts';
import { gatherDoctorFacts } from '../doctor/gather-facts.ts';
import { defaultStateFolder } from '../state.ts';

type DoctorOptions = { output: 'text' | 'json'; state: string };

/** Exit code 0, or 3 when `squall run` would be refused here and there is no way out. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check kernel, tools, rights and state, and say what to do')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .option('--state <dir>', 'state folder', defaultStateFolder())
    .action(async ({ output, state }: DoctorOptions) => {
      const findings = diagnose(await gatherDoctorFacts(resolve(state)));
      const ready = findings.every(({ level }) => level !== 'fail');
      process.stdout.write(output === 'json' ? `${JSON.stringify({ ready, findings }, null, 2)}\n` : render(findings));
      process.exitCode = ready ? 0 : exitCodeOf('Refused', 'Preflight');
    });
}

function render(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, found, remedy }) => [
    `${level.padEnd(4)}  ${check.padEnd(width)}  ${cleanLine(found)}`,
    ...(remedy === '' ? [] : [`${' '.repeat(6 + width)}  → ${cleanLine(remedy)}`]),
  ]);
  return `${lines.join('\n')}\n`;
}
