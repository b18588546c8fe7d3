/** A real process of the agent, and what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type AgentProcess = {
  process: ChildProcess;
  pid: number;
  log: string[];
  /** Resolves with the first line of its log that has the words, rejects when it ends before. */
  said: (words: string) => Promise<string>;
};

const main = fileURLToPath(new URL('../../../src/agent/main.ts', import.meta.url));
const stdio: ['pipe', 'ignore', 'pipe'] = ['pipe', 'ignore', 'pipe'];

/** The program of the agent, from its source. */
export function spawnAgent(args: readonly string[], env: NodeJS.ProcessEnv): AgentProcess {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env }, stdio });
  const log: string[] = [];
  const lines = new EventEmitter();
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line);
    lines.emit('line');
  });
  child.once('exit', () => lines.emit('line'));
  const said = async (words: string): Promise<string> => {
    for (;;) {
      const found = log.find((line) => line.includes(words));
      if (found !== undefined) return found;
      if (hasEnded(child)) throw new Error(`the agent has ended: ${log.join('\n')}`);
      await once(lines, 'line');
    }
  };
  return { process: child, pid: child.pid ?? NaN, log, said };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Also one that is stopped: SIGCONT lets it undo what it has. */
export async function endAgent({ process: child }: AgentProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  await once(child, 'exit');
}
