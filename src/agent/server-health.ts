import { codeOf } from '../lib/index.ts';
import type { AgentContext } from './context.ts';
import type { LeaseObject } from './lease.ts';
import type { Resource } from '../store/index.ts';
import { systemNamespace } from '../api/index.ts';
import { isAborted, pause } from './timing.ts';

const askEveryMs = 1000;

/** Notices when the API server is away. It is asked only after somebody had trouble with it. */
export type ServerHealth = {
  trouble: () => void;
  /** How long it has not answered; undefined while it does. */
  awayMs: () => number | undefined;
  /** Resolves once the server has been away for so long. */
  goneFor: (milliseconds: number) => Promise<void>;
};

export function watchServer(
  { store, clock, log }: Pick<AgentContext, 'store' | 'clock' | 'log'>,
  leases: Resource<LeaseObject>,
  signal: AbortSignal,
): ServerHealth {
  let awaySince: number | undefined;
  let asking = false;
  const waiting: { milliseconds: number; resolve: () => void }[] = [];

  /** Any answer will do, also that there is no such Lease. */
  async function answers(): Promise<boolean> {
    try {
      await store.get(leases, { namespace: systemNamespace, name: 'is-anybody-there' }, { timeoutMs: 5000, signal });
      return true;
    } catch (error) {
      return codeOf(error) !== 'Unavailable';
    }
  }

  async function ask(): Promise<void> {
    asking = true;
    while (!isAborted(signal) && !(await answers())) {
      const now = clock.monotonic();
      if (awaySince === undefined) log('warn', 'the API server does not answer');
      awaySince ??= now;
      for (const { milliseconds, resolve } of waiting) if (now - awaySince >= milliseconds) resolve();
      await pause(clock, askEveryMs, signal);
    }
    if (awaySince !== undefined && !isAborted(signal)) log('info', 'the API server answers again');
    awaySince = undefined;
    asking = false;
  }

  return {
    trouble: () => {
      if (!asking) void ask();
    },
    awayMs: () => (awaySince === undefined ? undefined : clock.monotonic() - awaySince),
    goneFor: async (milliseconds) => {
      await new Promise<void>((resolve) => {
        waiting.push({ milliseconds, resolve });
      });
    },
  };
}
