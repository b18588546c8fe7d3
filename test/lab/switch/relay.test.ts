import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSocket } from 'node:dgram';
import { mkdirSync } from 'node:fs';
import { labUp } from '../../../src/lab/index.ts';
import { logsFolder } from '../../../src/lab/logs.ts';
import { inNamespace } from '../../../src/lab/network.ts';
import type { LabPlan } from '../../../src/lab/plan.ts';
import { startRelay } from '../../../src/lab/switch/relay.ts';
import { runProgram } from '../../../src/lib/index.ts';
import { idlePod, markedProcesses, newPlace, removePlace, topologyOf } from '../support/labs.ts';

const sendFromNode = "const s = require('dgram').createSocket('udp4'); s.send('a datagram', 6343, '127.0.0.1', () => s.close())";

describe.skipIf(process.getuid?.() !== 0)('the relay of sFlow datagrams', { timeout: 30_000 }, () => {
  const place = newPlace();
  let node: string;
  beforeAll(async () => {
    node = (await labUp({ ...place, topology: topologyOf(idlePod('a')) })).nodeNetworkNamespace;
  }, 60_000);
  afterAll(async () => {
    await removePlace(place);
  });

  const collector = async (family: 'udp4' | 'udp6', host: string) => {
    const socket = createSocket(family);
    await new Promise<void>((resolve) => socket.bind(0, host, resolve));
    const first = new Promise<string>((resolve) => {
      socket.once('message', (text) => {
        resolve(text.toString());
      });
    });
    return { target: { host, port: socket.address().port }, first, socket };
  };

  it("carries them from the lab's node to every collector of the machine, and ends with the lab", async () => {
    const collectors = [await collector('udp4', '127.0.0.1'), await collector('udp6', '::1')];
    mkdirSync(logsFolder(place.stateFolder), { recursive: true });
    const plan = { instance: place.instance, nodeNetworkNamespace: node } as LabPlan;
    const settings = { sampling: 1, pollingSeconds: 1, headerBytes: 64, collectors: collectors.map(({ target }) => target) };
    const relay = await startRelay({ plan, settings, stateFolder: place.stateFolder });
    await runProgram('nsenter', inNamespace(node, [process.execPath, '-e', sendFromNode]));
    expect(await Promise.all(collectors.map(({ first }) => first))).toEqual(['a datagram', 'a datagram']);
    for (const { socket } of collectors) socket.close();
    expect(markedProcesses(place.instance)).toContain(String(relay.pid));
  });

  it('says why it cannot receive', async () => {
    const plan = { instance: place.instance, nodeNetworkNamespace: 'squall-node-of-nobody' } as LabPlan;
    const settings = { sampling: 1, pollingSeconds: 1, headerBytes: 64, collectors: [] };
    await expect(startRelay({ plan, settings, stateFolder: place.stateFolder })).rejects.toMatchObject({
      code: 'LabFailed',
      message: expect.stringMatching(/squall-node-of-nobody/) as string,
    });
  });
});
