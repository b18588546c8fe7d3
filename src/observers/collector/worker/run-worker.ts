/** The thread of a collector: datagrams go into the engine as they come, crossings out at once, and questions are answered in between. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { SquallError } from '../../../lib/index.ts';
import type { CollectorCounters } from '../counters.ts';
import { failureOf, type MessageFromWorker, type MessageToWorker } from '../messages.ts';
import type { NetworkEngine, createNetworkEngine } from '../network-engine.ts';
import type { CollectorSettings } from '../options.ts';
import { warningsOf } from '../warnings.ts';
import { answerTo, type EngineRequest } from './answers.ts';
import { createCrossingOutlet } from './crossing-outlet.ts';
import { createIntake } from './intake.ts';
import { readKernelDrops } from './kernel-drops.ts';
import { openReceiveSocket, type ReceiveSocket } from './receive-socket.ts';

/** What is decided by time, and not by a datagram, is decided within so long. */
const tickMs = 100;

/** Milliseconds since 1970 when the thread started, and from then on a clock that never goes back. */
const steadyNow = (): number => performance.timeOrigin + performance.now();

/**
 * Resolves when the socket is open, or when it is said why it is not. What throws after that is a bug of ours and ends the thread: a
 * collector that went on with half a datagram could say quiet.
 */
export async function runWorker(createEngine: typeof createNetworkEngine): Promise<void> {
  const owner = parentPort;
  if (owner === null) throw new SquallError('Internal', 'the collector is a thread, which openCollector starts');
  const settings = workerData as CollectorSettings;
  const send = (message: MessageFromWorker): void => {
    owner.postMessage(message);
  };
  const receiving = await openReceiveSocket(settings).catch((error: unknown) => {
    send({ kind: 'refused', failure: failureOf(error) });
  });
  if (!receiving) return;
  const engine = createEngine({ startedAt: Math.floor(steadyNow()), limits: settings.limits });
  serve(receiving, settings, engine, owner, send);
  const { address, receiveBuffer } = receiving;
  const found = readKernelDrops(address);
  const dropsUnknown = 'unknown' in found ? found.unknown : undefined;
  const warnings = warningsOf({ host: address.host, receiveBuffer, allow: settings.allow, dropsUnknown });
  send({ kind: 'opened', address, receiveBuffer, warnings });
}

function serve(
  { socket, address, receiveBuffer }: ReceiveSocket,
  settings: CollectorSettings,
  engine: NetworkEngine,
  owner: MessagePort,
  send: (message: MessageFromWorker) => void,
): void {
  const intake = createIntake(settings);
  const outlet = createCrossingOutlet((crossings) => {
    send({ kind: 'crossings', crossings });
  });
  const counters = (at: number): CollectorCounters => {
    const found = readKernelDrops(address);
    const kernelDrops = 'drops' in found ? found.drops : undefined;
    return { at, ...intake.counters(), kernelDrops, receiveBuffer, crossings: outlet.counters(), engine: engine.counters(at) };
  };
  const answer = (request: EngineRequest): void => {
    const { id } = request;
    try {
      send({ kind: 'answer', id, value: answerTo(request, { engine, counters }, steadyNow()) });
    } catch (error) {
      send({ kind: 'failure', id, failure: failureOf(error) });
    }
  };

  socket.on('message', (bytes, source) => {
    const now = steadyNow();
    if (intake.accepts(source.address, bytes.length, now)) outlet.push(engine.datagram(bytes, now));
  });
  const ticking = setInterval(() => {
    outlet.push(engine.tick(steadyNow()));
  }, tickMs);
  owner.on('message', (message: MessageToWorker) => {
    if (message.kind === 'crossingsTaken') {
      outlet.taken(message.count);
    } else if (message.name === 'close') {
      clearInterval(ticking);
      socket.close(() => {
        send({ kind: 'answer', id: message.id, value: undefined });
      });
    } else {
      answer(message);
    }
  });
}
