import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { observerCommand } from '../../../src/cli/commands/observer.ts';
import { collectorOptionsOf, networksWithoutFamily, prepareNetwork } from '../../../src/cli/network/network.ts';
import { readCollectorPlace } from '../../../src/cli/network/sflow-options.ts';
import { systemClock } from '../../../src/lib/index.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const families = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
const hasIpv6 = families.some(({ address }) => address === '::1');

async function send(host: string, port: number): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.send('no sFlow', port, host, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  socket.close();
}

describe('the collector of a process', () => {
  it('that is told nothing else hears exporters of every family that the machine has, on a cluster', async () => {
    const byDefault = observerCommand().opts<{ listen: string }>().listen;
    expect(byDefault).toBe('[::]:6343');
    const place = readCollectorPlace(['--listen', byDefault.replace('6343', '0')], ['--allow', '127.0.0.1,::1']);
    const { collector } = prepareNetwork(place, systemClock, silent);
    const { address, counters } = await collector.open();
    const senders = ['127.0.0.1', ...(hasIpv6 ? ['::1'] : [])];
    for (const sender of senders) await send(sender, address.port);
    await expect.poll(async () => (await counters()).datagrams, { timeout: 10_000 }).toBe(senders.length);
    expect((await counters()).rejected.source).toBe(0);
    await collector.close();
  }, 60_000);

  it('receives at all addresses of IPv4 where there are no others, and names the networks that do not come in then', () => {
    const listen = { host: '::', port: 6343 };
    expect(collectorOptionsOf(listen, { listen, receiveBufferBytes: 65_536 })).toEqual({
      port: 6343,
      receiveBufferBytes: 65_536,
    });
    const one = { host: 'fd00::1', port: 6343 };
    expect(collectorOptionsOf(one, { listen: one, allow: ['fd00::/8'] })).toEqual({ ...one, allow: ['fd00::/8'] });
    const allow = ['10.0.0.0/8', 'fd00::/8'];
    expect([networksWithoutFamily('0.0.0.0', allow), networksWithoutFamily('::', allow)]).toEqual([['fd00::/8'], []]);
  });
});
