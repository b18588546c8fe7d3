/** The composition root of the `squall` program: every command, and how its errors become an exit code. */
import { Command, CommanderError } from 'commander';
import { codeOf, errorFacts, messageOf } from '../lib/index.ts';
import { abortCommand } from './commands/abort.ts';
import { agentCommand } from './commands/agent.ts';
import { cleanCommand } from './commands/clean.ts';
import { doctorCommand } from './commands/doctor.ts';
import { haltCommand } from './commands/halt.ts';
import { labCommand } from './commands/lab.ts';
import { notBuiltCommands } from './commands/not-built.ts';
import { observerCommand } from './commands/observer.ts';
import { operatorCommand } from './commands/operator.ts';
import { previewCommand } from './commands/preview.ts';
import { profileCommand } from './commands/profile.ts';
import { reportCommand } from './commands/report.ts';
import { resumeCommand } from './commands/resume.ts';
import { runCommand } from './commands/run.ts';
import { scheduleCommand } from './commands/schedule.ts';
import { serveCommand } from './commands/serve.ts';
import { sflowCommand } from './commands/sflow.ts';
import { statusCommand } from './commands/status.ts';
import { validateCommand } from './commands/validate.ts';

const usageExit = errorFacts('InvalidInput').exit;

async function main(): Promise<void> {
  const program = new Command('squall')
    .description('chaos experiments for networks, with a verdict and a proof of clean-up')
    .showHelpAfterError()
    .exitOverride();
  const commands = [
    runCommand(),
    serveCommand(),
    operatorCommand(),
    observerCommand(),
    statusCommand(),
    abortCommand(),
    haltCommand(),
    resumeCommand(),
    reportCommand(),
    cleanCommand(),
    doctorCommand(),
    validateCommand(),
    previewCommand(),
    profileCommand(),
    agentCommand(),
    scheduleCommand(),
    sflowCommand(),
    labCommand(),
    ...notBuiltCommands(),
  ];
  for (const command of commands) program.addCommand(overrideExit(command));
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : usageExit;
      return;
    }
    const code = codeOf(error);
    process.stderr.write(`squall: ${code}: ${messageOf(error)}\n`);
    if (code === 'Internal' && error instanceof Error && process.env.SQUALL_LOG === 'debug')
      process.stderr.write(`${error.stack ?? ''}\n`);
    process.exitCode = errorFacts(code).exit;
  }
}

/** Subcommands do not inherit it: without it a wrong option would end the process with code 1, which means Failed. */
function overrideExit(command: Command): Command {
  command.exitOverride();
  command.commands.forEach(overrideExit);
  return command;
}

// Whoever reads us may stop reading (`| head`): that must not end a run, whose fault would then stay until its lease ends.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
// Node's own exit code for these is 1, which here means Failed.
process.on('uncaughtException', (error) => {
  process.stderr.write(`squall: Internal: ${messageOf(error)}\n`);
  process.exit(errorFacts('Internal').exit);
});

await main();
