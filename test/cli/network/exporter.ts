/** An sFlow exporter that sends what a test tells it to: one UDP flow of so many frames a second, each of them sampled. */
import { createSocket } from 'node:dgram';
import { concat, ethernet, ipv4, rawHeader, tagged, udp, words } from '../../observers/sflow/build.ts';

export type Exporter = {
  /** Frames a second from now on. */
  framesPerSecond: number;
  to: { host: string; port: number };
  close(): void;
};

/** A datagram so often, each with the samples of that time: at most 12, as many as fit into a frame. */
const everyMs = 10;
const mostSamples = 12;

const frame = rawHeader(ethernet(0x0800, ipv4(17, udp(4000, 8080, new Uint8Array(32)))));

/** @param to where the collector receives */
export function startExporter(to: Exporter['to'], framesPerSecond: number): Exporter {
  const socket = createSocket('udp4');
  const startedAt = performance.now();
  let [sequence, sampled, owed, last] = [0, 0, 0, startedAt];

  const send = (samples: readonly Uint8Array[]): void => {
    sequence += 1;
    const uptime = Math.round(performance.now() - startedAt) + 1000;
    const agent = concat(words(1), [192, 0, 2, 1]);
    const datagram = concat(words(5), agent, words(0, sequence, uptime, samples.length), ...samples);
    socket.send(datagram, exporter.to.port, exporter.to.host);
  };
  const sample = (): Uint8Array => {
    sampled += 1;
    // Source 0:3, one packet of one, none dropped, from interface 3 to 4.
    return tagged(1, words(sampled, 3, 1, sampled, 0, 3, 4, 1), frame);
  };
  const timer = setInterval(() => {
    const now = performance.now();
    owed += ((now - last) * exporter.framesPerSecond) / 1000;
    last = now;
    while (owed >= 1) {
      const count = Math.min(mostSamples, Math.floor(owed));
      owed -= count;
      send(Array.from({ length: count }, sample));
    }
  }, everyMs);
  const exporter: Exporter = {
    framesPerSecond,
    to,
    close: () => {
      clearInterval(timer);
      socket.close();
    },
  };
  return exporter;
}

/** The address in a log line of a collector that has opened; undefined while there is none. */
export function receivingAt(log: string): Exporter['to'] | undefined {
  const line = log.split('\n').findLast((text) => text.includes('sFlow is received'));
  const [, host, port] = /"address":"([^"]+):(\d+)"/.exec(line ?? '') ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}
