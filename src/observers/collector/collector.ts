/** The built-in sFlow collector: a thread of its own, which nothing that this process does can stall, with the socket and the engine. */
import { Worker } from 'node:worker_threads';
import { messageOf, SquallError } from '../../lib/index.ts';
import type { AgentView, NetworkCrossing, NetworkObserver } from '../network-observer.ts';
import { createAsker } from './asker.ts';
import type { CollectorCounters, ReceiveBuffer } from './counters.ts';
import {
  type Answer,
  type CollectorAddress,
  errorOf,
  type FlowQuery,
  type MessageFromWorker,
  type MessageToWorker,
  type Opened,
} from './messages.ts';
import { type CollectorOptions, settingsOf } from './options.ts';
import type { CollectorWarning } from './warnings.ts';

export type Collector = NetworkObserver & {
  /** Where it really receives. */
  address: CollectorAddress;
  receiveBuffer: ReceiveBuffer;
  warnings: readonly CollectorWarning[];
  agents: () => Promise<AgentView[]>;
  activeFlows: (query: FlowQuery) => Promise<Answer<'activeFlows'>>;
  counters: () => Promise<CollectorCounters>;
  /** Tells once that the collector has ended by itself, also whoever asks after that. @returns ends it */
  onEnd: (listener: (reason: SquallError) => void) => () => void;
};

export type ThreadOptions = {
  /** The program of the thread. @default the bundle beside ours, or the source beside our source */
  program?: URL;
  /** A request fails after so long without an answer. @default 2000 */
  requestTimeoutMs?: number;
  /** For starting the thread, also on a slow machine. @default 15 s */
  openTimeoutMs?: number;
  /** Of what the thread keeps; where that does not do, the thread ends, and not the process. @default usualMemoryMiB */
  memoryMiB?: number;
};

/** Far more than full tables take (docs/sflow-collector.md), far less than the chart gives the observer. */
const usualMemoryMiB = 192;
/** By itself the young generation grows to more than all that is kept, as soon as much is sent. */
const youngMemoryMiB = 24;

const ownProgram = new URL(import.meta.url.endsWith('.ts') ? './worker/main.ts' : './collector.js', import.meta.url);

/** Rejects with InvalidInput, with PermissionDenied, or with Unavailable where the address is in use or the thread does not start. */
export async function openCollector(options: CollectorOptions = {}, thread: ThreadOptions = {}): Promise<Collector> {
  const { program = ownProgram, requestTimeoutMs = 2000, openTimeoutMs = 15_000, memoryMiB = usualMemoryMiB } = thread;
  const resourceLimits = { maxOldGenerationSizeMb: memoryMiB, maxYoungGenerationSizeMb: youngMemoryMiB };
  const worker = new Worker(program, { workerData: settingsOf(options), name: 'sflow-collector', execArgv: [], resourceLimits });
  const send = (message: MessageToWorker): void => {
    worker.postMessage(message);
  };
  const asker = createAsker({ send, timeoutMs: requestTimeoutMs });
  const crossingListeners = createListeners<NetworkCrossing>();
  const endListeners = createListeners<SquallError>();
  const opening = Promise.withResolvers<Opened>();
  let [ended, closing]: [SquallError?, Promise<void>?] = [];

  const end = (why: string): void => {
    if (ended !== undefined) return;
    ended = new SquallError('Unavailable', `the sFlow collector has ended: ${why}`);
    opening.reject(ended);
    asker.end(ended);
    if (closing === undefined) endListeners.tell(ended);
  };
  worker.on('error', (error) => {
    end(messageOf(error));
  });
  worker.on('messageerror', (error) => {
    end(messageOf(error));
    void worker.terminate();
  });
  worker.on('exit', (code) => {
    end(closing === undefined ? `its thread ended with ${code}` : 'it was closed');
  });
  worker.on('message', (message: MessageFromWorker) => {
    switch (message.kind) {
      case 'opened':
        opening.resolve(message);
        break;
      case 'refused':
        opening.reject(errorOf(message.failure));
        break;
      case 'crossings':
        send({ kind: 'crossingsTaken', count: message.crossings.length });
        for (const crossing of message.crossings) crossingListeners.tell(crossing);
        break;
      default:
        asker.answered(message);
    }
  });

  const close = (): Promise<void> => {
    closing ??= (async () => {
      // One that does not answer, or has ended, needs no farewell.
      await asker.ask('close', undefined).catch(() => undefined);
      await worker.terminate();
    })();
    return closing;
  };
  const { address, receiveBuffer, warnings } = await inTime(opening.promise, openTimeoutMs).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });

  return {
    name: 'collector',
    address,
    receiveBuffer,
    warnings,
    put: (subscription) => asker.ask('put', subscription),
    remove: (id) => asker.ask('remove', id),
    view: (id) => asker.ask('view', id),
    agents: () => asker.ask('agents', undefined),
    activeFlows: (query) => asker.ask('activeFlows', query),
    counters: () => asker.ask('counters', undefined),
    onCrossing: crossingListeners.add,
    onEnd: (listener) => {
      if (ended === undefined) return endListeners.add(listener);
      if (closing === undefined) listener(ended);
      return () => undefined;
    },
    close,
  };
}

function createListeners<Told>(): { add: (listener: (told: Told) => void) => () => void; tell: (told: Told) => void } {
  const listeners = new Set<(told: Told) => void>();
  return {
    add: (listener) => {
      // Who gives the same function twice is told twice.
      const own = (told: Told): void => {
        listener(told);
      };
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    tell: (told) => {
      for (const listener of [...listeners]) listener(told);
    },
  };
}

async function inTime<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new SquallError('Unavailable', `the sFlow collector did not start within ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
