/** Requests to a collector's thread: each is answered, or fails in time. */
import { SquallError } from '../../lib/index.ts';
import { type Answer, type Answered, type Argument, type CallName, errorOf, type Request } from './messages.ts';

export type Asker = {
  /** Rejects with what the other side says, with Unavailable where it says nothing in time, and with the reason of the end after the end. */
  ask: <Name extends CallName>(name: Name, argument: Argument<Name>) => Promise<Answer<Name>>;
  /** An answer has come; one that is too late is nobody's. */
  answered: (message: Answered) => void;
  /** Nothing will be answered any more. The first reason stays. */
  end: (reason: SquallError) => void;
};

type Waiting = { resolve: (value: unknown) => void; reject: (error: SquallError) => void; timer: NodeJS.Timeout };

/** A thread that does not answer must not gather requests. */
const mostWaiting = 256;

export function createAsker({ send, timeoutMs }: { send: (request: Request) => void; timeoutMs: number }): Asker {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let ended: SquallError | undefined;

  const take = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    clearTimeout(found?.timer);
    return found;
  };

  return {
    ask: <Name extends CallName>(name: Name, argument: Argument<Name>) =>
      new Promise<Answer<Name>>((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended);
          return;
        }
        if (waiting.size >= mostWaiting) {
          reject(silent(name, `${mostWaiting} requests wait already`));
          return;
        }
        const id = (lastId += 1);
        const tooLate = () => take(id)?.reject(silent(name, `no answer within ${timeoutMs} ms`));
        // Where this thread was held up itself, the answer is there already and is read before this is asked.
        const timer = setTimeout(() => setImmediate(tooLate), timeoutMs);
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
        send({ kind: 'request', id, name, argument } as Request);
      }),
    answered: (message) => {
      const asked = take(message.id);
      if (message.kind === 'answer') asked?.resolve(message.value);
      else asked?.reject(errorOf(message.failure));
    },
    end: (reason) => {
      ended ??= reason;
      for (const id of [...waiting.keys()]) take(id)?.reject(ended);
    },
  };
}

const silent = (name: CallName, why: string): SquallError =>
  new SquallError(
    'Unavailable',
    `CollectorSilent: the sFlow collector was asked for ${name}: ${why}; nothing can be said of the network`,
  );
