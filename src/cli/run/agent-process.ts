import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { backoff, type Clock } from '../../lib/index.ts';

export type AgentProcess = {
  /** Of the process that runs now. */
  pid(): number | undefined;
  /** Orders the agent to undo everything and end; kills it when it has not within `withinMs`. */
  stop(withinMs: number): Promise<void>;
};

export type AgentOptions = {
  /** The bundled agent. */
  program: string;
  args: readonly string[];
  clock: Clock;
  random: () => number;
  onExit: (code: number | null, signal: string | null) => void;
  /** What the agent writes about itself, line by line. */
  stderr: number;
};

/**
 * Keeps one agent process running: one that ends by itself is started again, and its first act is to sweep what its former life
 * left behind. The agent's standard input is a pipe that closes when this process ends in any way; the agent then undoes and ends.
 */
export function startAgentProcess({ program, args, clock, random, onExit, stderr }: AgentOptions): AgentProcess {
  const stopping = new AbortController();
  let child: ChildProcess | undefined;

  async function keepRunning(): Promise<void> {
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
        stdio: ['pipe', 'ignore', stderr],
      });
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      if (isStopping(stopping.signal)) return;
      onExit(code, signal);
      await clock.sleep(backoff(attempt, random(), { first: 100, most: 5000 }), stopping.signal).catch(() => undefined);
    }
  }

  const ended = keepRunning();
  return {
    pid: () => child?.pid,
    async stop(withinMs) {
      stopping.abort();
      child?.kill('SIGTERM');
      const kill = setTimeout(() => child?.kill('SIGKILL'), withinMs);
      await ended;
      clearTimeout(kill);
    },
  };
}

/** Asked by a function, since the type checker believes that what it saw before an `await` still holds. */
function isStopping({ aborted }: AbortSignal): boolean {
  return aborted;
}
