import { createSocket } from 'node:dgram';
import { createDatagramDecoder, type SampledPacket, type SflowDatagram, type SflowSample } from '../../../src/observers/index.ts';

export type Heard = {
  /** Milliseconds of the monotonic clock. */
  at: number;
  datagram: SflowDatagram;
};

export type SflowListener = {
  port: number;
  heard: Heard[];
  /** Sampled packets so far, oldest first. */
  packets(): SampledPacket[];
  close(): void;
};

/** Receives datagrams on the machine's loopback, as a collector would. */
export async function listenToSflow(): Promise<SflowListener> {
  const decode = createDatagramDecoder();
  const heard: Heard[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (bytes) => {
    heard.push({ at: performance.now(), datagram: decode(bytes) });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', resolve);
  });
  return {
    port: socket.address().port,
    heard,
    packets: () => heard.flatMap(({ datagram }) => packetsOf(datagram)),
    close: () => {
      socket.close();
    },
  };
}

export function packetsOf(datagram: SflowDatagram): SampledPacket[] {
  return samplesOf(datagram).filter((sample): sample is SampledPacket => sample.kind === 'flow');
}

export function samplesOf(datagram: SflowDatagram): SflowSample[] {
  return 'samples' in datagram ? datagram.samples : [];
}
