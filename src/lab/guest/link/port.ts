import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { SquallError } from '../../../lib/index.ts';
import { startBound } from '../bound-process.ts';
import { ports } from '../init-scripts.ts';
import { createLink } from './link.ts';

/** Where a service listens inside the guest. */
export type ServicePlace = { path: string } | { host: string; port: number };

/** The guest's end of the link. */
export type HostLink = {
  /** From now on connections that the host takes for the service are carried to the place. */
  offer(service: string, place: ServicePlace): void;
  close(): Promise<void>;
};

const portsFolder = '/sys/class/virtio-ports';

/**
 * Opens the guest's end of the link, which one process at a time can have. Throws GuestFailed when this machine has no
 * such port, because it is no guest of ours.
 */
export function openHostLink(): HostLink {
  const { input, output, close: closePort } = openPort(deviceOf(ports.link));
  const places = new Map<string, ServicePlace>();
  const link = createLink({ input, output }, (service) => {
    const place = places.get(service);
    return place && connect({ ...place, allowHalfOpen: true } as NetConnectOpts);
  });
  return {
    offer(service, place) {
      places.set(service, place);
      link.offer(service);
    },
    async close() {
      link.close();
      await closePort();
    },
  };
}

/** The device of the virtio port of this name. The console that stands for a terminal is a port, too, and has no name. */
export function deviceOf(name: string, folder = portsFolder): string {
  const device = namesIn(folder).find((port) => {
    const file = join(folder, port, 'name');
    return existsSync(file) && readFileSync(file, 'utf8').trim() === name;
  });
  if (device !== undefined) return join('/dev', device);
  throw new SquallError('GuestFailed', `this machine has no virtio port '${name}': it is no guest machine of Squall's`);
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/**
 * Node would read a character device in a thread that nothing can interrupt, not even its own end. So two `cat` do that, which
 * end with this process.
 */
function openPort(device: string) {
  const descriptor = openSync(device, 'r+');
  const reader = startBound('cat', [], [descriptor, 'pipe', 'pipe'], {});
  const writer = startBound('cat', [], ['pipe', descriptor, 'pipe'], {});
  closeSync(descriptor);
  const { stdout: input } = reader.child;
  const { stdin: output } = writer.child;
  if (input === null || output === null) throw new SquallError('Internal', 'a pipe to the link was asked for and not made');
  return {
    input,
    output,
    close: async () => {
      await Promise.all([reader.kill(), writer.kill()]);
    },
  };
}
