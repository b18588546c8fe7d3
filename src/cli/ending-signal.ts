import type { EventEmitter } from 'node:events';

type Sender = Pick<EventEmitter, 'on' | 'off'>;

export type EndingSignal = Disposable & { signal: AbortSignal };

/** What a second signal does: `ends` is what the system does with it, as if nobody had listened. */
export type SecondSignal = 'ends' | (() => void);

/** What people and service managers send to end a command. */
const names = ['SIGINT', 'SIGTERM'] as const;

/** For whoever undoes faults and must not be hurried. */
export function tellUndoing(): void {
  process.stderr.write('already undoing; the kernel lease ends the fault in any case\n');
}

/**
 * Fires when this process is told to end, until it is disposed of.
 * @param second what comes after that; @default nothing
 * @param reason of the abort; @default the signal's name
 */
export function endingSignal(
  { second = () => undefined, reason }: { second?: SecondSignal; reason?: string } = {},
  sender: Sender = process,
): EndingSignal {
  const ending = new AbortController();
  const listening = onEndingSignals((name) => {
    if (ending.signal.aborted) {
      if (second !== 'ends') second();
      return;
    }
    if (second === 'ends') listening[Symbol.dispose]();
    ending.abort(reason ?? name);
  }, sender);
  return { signal: ending.signal, [Symbol.dispose]: listening[Symbol.dispose] };
}

/** Tells the listener of each such signal, instead of ending the process, until it is disposed of. */
export function onEndingSignals(listener: (name: NodeJS.Signals) => void, sender: Sender = process): Disposable {
  for (const name of names) sender.on(name, listener);
  return {
    [Symbol.dispose]: () => {
      for (const name of names) sender.off(name, listener);
    },
  };
}
