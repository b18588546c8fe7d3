import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { backoff, type Clock, messageOf } from '../../lib/index.ts';

export type AgentProcess = {
  /** Of the process that runs now. */
  pid(): number | undefined;
  /** Orders the agent to undo everything and end; kills it when it has not within `withinMs`. Resolves to its exit code. */
  stop(withinMs: number): Promise<number | null>;
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

/** An agent that lived so long did not fail at its start: the pauses before the next begin anew. */
const livedMs = 60_000;

/**
 * Keeps one agent process running: one that ends by itself is started again, and its first act is to sweep what its former life
 * left behind. The agent's standard input is a pipe that closes when this process ends in any way; the agent then undoes and ends.
 */
export function startAgentProcess({ program, args, clock, random, onExit, stderr }: AgentOptions): AgentProcess {
  const stopping = new AbortController();
  let child: ChildProcess | undefined;

  /** Resolves to the exit code of the last one. */
  async function keepRunning(): Promise<number | null> {
    let last: number | null = null;
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      const startedAt = clock.monotonic();
      child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
        stdio: ['pipe', 'ignore', stderr],
        // As in bin/squall.js: what runs for months keeps its memory level.
        env: { MALLOC_ARENA_MAX: '1', ...process.env },
      });
      // One that could not be started (no memory, no process left) is tried again like one that ended.
      const [code, signal] = await once(child, 'exit').then(
        (ended) => ended as [number | null, string | null],
        (error: unknown): [null, string] => [null, messageOf(error)],
      );
      last = code;
      if (isStopping(stopping.signal)) break;
      onExit(code, signal);
      if (clock.monotonic() - startedAt > livedMs) attempt = 0;
      await clock.sleep(backoff(attempt, random(), { first: 100, most: 5000 }), stopping.signal).catch(() => undefined);
    }
    return last;
  }

  const ended = keepRunning();
  return {
    pid: () => child?.pid,
    async stop(withinMs) {
      stopping.abort();
      // No signal: that would end one that has only just begun, before it listens for any, and nobody could say what it has left.
      child?.stdin?.end();
      const kill = setTimeout(() => child?.kill('SIGKILL'), withinMs);
      const code = await ended;
      clearTimeout(kill);
      return code;
    },
  };
}

/** Asked by a function, since the type checker believes that what it saw before an `await` still holds. */
function isStopping({ aborted }: AbortSignal): boolean {
  return aborted;
}
