import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/cli/doctor/diagnose.ts';
import type { Capability, DoctorFacts } from '../../../src/cli/doctor/gather-facts.ts';
import { capabilityTrials } from '../../../src/preflight/index.ts';

const namespace = { inode: 1, path: '/run/netns/one' };
const names = Object.keys(capabilityTrials) as Capability[];

function capabilities(...lacking: Capability[]): Record<Capability, { ok: boolean; message: string }> {
  const entries = names.map((name) => [name, { ok: !lacking.includes(name), message: lacking.includes(name) ? 'unknown' : '' }]);
  return Object.fromEntries(entries) as Record<Capability, { ok: boolean; message: string }>;
}

const tool = { path: '/usr/bin/tool', version: '1.0' };
const good = {
  userId: 0,
  kernel: '6.1.0',
  system: { distribution: 'debian', programs: 'debian', contained: false },
  tools: { ip: tool, tc: tool, nft: tool, nsenter: tool, unshare: tool, setpriv: tool, fping: tool },
  capabilities: capabilities(),
  guest: { inside: false, architecture: 'x64', folder: '/cache', kernel: '6.1.0', freeBytes: 1e10, kvm: false },
  state: { folder: '/state', exists: true, writable: true, freeBytes: 1e10, locked: false },
  serve: 'none',
  sflow: { mostReceiveBufferBytes: 212_992, openVswitch: true },
  leftovers: { found: [], unknown: [] },
} satisfies DoctorFacts;

const noGuest = { ...good.guest, architecture: 'arm64' };
const { kernel: _cached, ...uncached } = good.guest;
const asUser: DoctorFacts = { ...good, userId: 1000 };
delete asUser.capabilities;
delete asUser.leftovers;

describe('the doctor', () => {
  it.each([
    [
      { mostReceiveBufferBytes: 212_992, openVswitch: false },
      /needs Open vSwitch; .* at most 212992 bytes; .*net\.core\.rmem_max/,
    ],
    [{ mostReceiveBufferBytes: 8_388_608, openVswitch: true }, /^a lab can have a switch .* at most 8388608 bytes$/],
    [{ openVswitch: true }, /^a lab can have a switch that exports it$/],
  ])('tells of sFlow what the machine has, and that is never wrong: %j', (sflow, found) => {
    const finding = diagnose({ ...good, sflow }).find(({ check }) => check === 'sFlow');
    expect(finding).toMatchObject({ level: 'ok', found: expect.stringMatching(found) as string, remedy: '' });
  });

  it('finds nothing where nothing is wrong', () => {
    expect(diagnose(good).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  it.each<{ name: string; facts: DoctorFacts; found: string[] }>([
    { name: 'no root', facts: asUser, found: ['fail rights', 'warn kernel', 'warn left-overs'] },
    { name: 'a tool is missing', facts: { ...good, tools: { ...good.tools, nft: undefined } }, found: ['fail tool nft'] },
    { name: 'pings are missing', facts: { ...good, tools: { ...good.tools, fping: undefined } }, found: ['warn tool fping'] },
    {
      name: 'no netem, but the guest',
      facts: { ...good, capabilities: capabilities('netem', 'prio') },
      found: ['warn kernel netem', 'warn kernel prio'],
    },
    {
      name: 'no netem and no guest',
      facts: { ...good, capabilities: capabilities('netem'), guest: noGuest },
      found: ['fail kernel netem', 'warn guest machine'],
    },
    {
      name: 'no netem inside the guest',
      facts: { ...good, capabilities: capabilities('netem'), guest: { ...good.guest, inside: true } },
      found: ['fail kernel netem'],
    },
    {
      name: 'no netem and no room to fetch the guest',
      facts: { ...good, capabilities: capabilities('netem'), guest: { ...uncached, freeBytes: 1e6 } },
      found: ['fail kernel netem', 'warn guest machine'],
    },
    {
      name: 'no netem and a guest that is yet to be fetched',
      facts: { ...good, capabilities: capabilities('netem'), guest: uncached },
      found: ['warn kernel netem', 'warn guest machine'],
    },
    {
      name: 'a read-only state folder',
      facts: { ...good, state: { ...good.state, writable: false } },
      found: ['fail state folder'],
    },
    { name: 'a full disk', facts: { ...good, state: { ...good.state, freeBytes: 1e6 } }, found: ['warn state folder'] },
    { name: 'a serve that answers', facts: { ...good, serve: 'answers', state: { ...good.state, locked: true } }, found: [] },
    {
      name: 'a serve that does not answer',
      facts: { ...good, serve: 'silent', state: { ...good.state, locked: true } },
      found: ['warn running serve'],
    },
    { name: 'a socket that a killed serve left', facts: { ...good, serve: 'silent' }, found: [] },
    {
      name: 'left-overs',
      facts: {
        ...good,
        leftovers: { found: [{ namespace, instances: ['0123abcd'], devices: ['eth0'], kept: [] }], unknown: [] },
      },
      found: ['warn left-overs'],
    },
    {
      name: 'what a living agent owns',
      facts: { ...good, leftovers: { found: [{ namespace, instances: [], devices: [], kept: ['table'] }], unknown: [] } },
      found: [],
    },
  ])('weighs: $name', ({ facts, found }) => {
    const wrong = diagnose(facts).filter(({ level }) => level !== 'ok');
    expect(wrong.map(({ level, check }) => `${level} ${check}`)).toEqual(found);
    expect(wrong.filter(({ remedy }) => remedy === '')).toEqual([]);
  });
});
