import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  devicesOfGates,
  gateDifferences,
  type ObservedGate,
  type ObservedTable,
  parseNft,
  type PresentGate,
  readGate,
  renderClose,
  renderGate,
  renderGateRemoval,
  renderLeases,
  renderRenewal,
} from '../../src/faults/index.ts';
import { runProgram } from '../../src/lib/index.ts';
import { delay, duplicate, loss, plan, work } from './works.ts';

const faults = [
  work('f1', delay(100), {
    excluded: ['10.0.0.254', 'fd00::fe'],
    exposure: [
      { hypothesis: 'h', podUid: 'pod', address: '10.0.0.2', protocol: 'icmp' },
      { hypothesis: 'h', podUid: 'pod', address: 'fd00::2', protocol: 'tcp' },
    ],
  }),
  work('f2', loss(10), { peers: { ipv4: ['10.0.0.2', '10.1.0.0/16', '10.1.2.3', '10.2.0.0/16'], ipv6: ['fd00::/64'] } }),
];
const { gate } = plan(faults);
const [, second] = faults;
const { gate: smaller } = plan(second === undefined ? [] : [second]);

/** Faults on what goes out and on what comes in, some of which duplicate: the gate then has a second table, at the devices. */
const everyWay = plan([
  ...faults,
  work('f3', delay(30), { direction: 'ingress', excluded: ['10.0.0.254'], peers: { ipv4: ['10.0.0.2'], ipv6: ['fd00::/64'] } }),
  work('f4', duplicate(5), { direction: 'both', peers: { ipv4: ['10.0.0.2', '10.3.0.0/16'], ipv6: [] } }),
]);

const namespace = `gate-test-${String(process.pid)}`;
const table = 'inet squall_0123abcd';

async function run(command: string, args: string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, args, { input });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
const inside = async (args: string[], input?: string) =>
  await run('nsenter', [`--net=/run/netns/${namespace}`, '--', ...args], input);

/** What the kernel has after these transactions, each text by itself. */
async function report(...texts: string[]) {
  for (const text of ['flush ruleset', ...texts]) await inside(['nft', '-f', '-'], `${text}\n`);
  return readGate(parseNft(await inside(['nft', '-j', 'list', 'ruleset'])), '0123abcd');
}

beforeAll(async () => {
  await run('ip', ['netns', 'add', namespace]);
  await run('ip', ['-n', namespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'peer']);
  for (const { name } of everyWay.intermediates) await run('ip', ['-n', namespace, 'link', 'add', name, 'type', 'ifb']);
});
afterAll(async () => {
  await run('ip', ['netns', 'del', namespace]);
});

describe('the gate in the words of nft', () => {
  it('leads from one gate to another, with nothing left of what has gone', async () => {
    expect(gateDifferences(gate, await report(renderGate(smaller), renderGate(gate, presentOf(smaller))))).toEqual([]);
    expect(gateDifferences(smaller, await report(renderGate(gate), renderGate(smaller, presentOf(gate))))).toEqual([]);
    expect(gateDifferences(gate, await report(renderGate(gate), renderGate(gate, presentOf(gate))))).toEqual([]);
    expect(await report(renderGate(gate), renderGateRemoval('0123abcd', ['inet']))).toBeUndefined();
    expect(await report(renderGateRemoval('0123abcd', ['inet']))).toBeUndefined();
  });

  it('keeps the lease and the counter of a fault that stays while others come and go', async () => {
    const lease = renderLeases('0123abcd', [{ faultId: 'f2', device: 'eth0', direction: 'egress', timeoutMs: 60_000 }]);
    const observed = await report(
      renderGate(smaller),
      lease,
      renderGate(gate, presentOf(smaller)),
      renderGate(smaller, presentOf(gate)),
    );
    expect(observed?.sets.find(({ name }) => name === 'lease_f2')?.elements).toHaveLength(1);
    const closed = await report(renderGate(smaller), lease, renderClose('0123abcd', { faultId: 'f2', direction: 'egress' }));
    expect(closed?.sets.find(({ name }) => name === 'lease_f2')?.elements).toEqual([]);
  });

  it('puts the class of both faults before the classes of each, and every class rule ends in return', () => {
    const classRules = renderGate(gate)
      .split('\n')
      .filter((line) => line.includes('meta priority set'));
    expect(classRules.every((line) => line.includes(' return comment "band'))).toBe(true);
    expect(classRules.map((line) => [line.includes('@lease_f1'), line.includes('@lease_f2')])).toEqual([
      [true, true],
      [true, true],
      [true, false],
      [false, true],
      [false, true],
    ]);
  });

  it('keeps leases and counters that are there: it neither flushes nor deletes them', () => {
    const text = renderGate(gate, presentOf(smaller));
    expect(text).not.toMatch(/flush set|delete|flush table|flush ruleset/);
    expect(text).not.toContain('add counter inet squall_0123abcd met_f2');
  });

  it('commits and renews in one transaction each, and renews only what is there', () => {
    expect(renderRenewal('0123abcd', { faultId: 'f1', device: 'eth0', direction: 'egress', timeoutMs: 2999.9 })).toBe(
      'delete element inet squall_0123abcd lease_f1 { "eth0" }\nadd element inet squall_0123abcd lease_f1 { "eth0" timeout 2999ms }\n',
    );
    expect(renderLeases('0123abcd', [{ faultId: 'f1', device: 'eth0', direction: 'egress', timeoutMs: 2999.9 }])).toBe(
      'flush set inet squall_0123abcd lease_f1\nadd element inet squall_0123abcd lease_f1 { "eth0" timeout 2999ms }\n',
    );
    expect(renderClose('0123abcd', { faultId: 'f1', direction: 'both' })).toBe(
      'flush set inet squall_0123abcd lease_f1\nflush set netdev squall_0123abcd lease_f1\n',
    );
    expect(renderGateRemoval('0123abcd', ['inet'])).toBe('add table inet squall_0123abcd\ndelete table inet squall_0123abcd\n');
  });

  it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses a lease of %d ms: nft would take 0 for ever',
    (timeoutMs) => {
      expect(() => renderLeases('0123abcd', [{ faultId: 'f1', device: 'eth0', direction: 'egress', timeoutMs }])).toThrow(
        /is no time to hold a fault/,
      );
    },
  );

  it.each([
    ['a fault id', { faultId: 'f1 { }', device: 'eth0', direction: 'egress', timeoutMs: 1000 }],
    ['a device', { faultId: 'f1', device: 'eth0" }; flush ruleset', direction: 'egress', timeoutMs: 1000 }],
  ] as const)('takes no %s that would change the line', (_, lease) => {
    expect(() => renderLeases('0123abcd', [lease])).toThrow(/InvalidInput|is not a/);
  });
});

describe('the gate at the devices', () => {
  const withDevices = everyWay.gate;
  const lease = { faultId: 'f4', device: 'eth0', direction: 'both', timeoutMs: 60_000 } as const;

  it('is the plan, once the kernel has it', async () => {
    expect(withDevices.devices?.chains.map(({ hook, device }) => `${hook} ${device}`)).toEqual(['ingress eth0', 'egress eth0']);
    expect(gateDifferences(withDevices, await report(renderGate(withDevices)))).toEqual([]);
  });

  it('comes and goes beside what only hurts what goes out', async () => {
    const both = presentIn(await report(renderGate(withDevices)));
    expect(gateDifferences(gate, await report(renderGate(withDevices), renderGate(gate, both)))).toEqual([]);
    expect(gateDifferences(withDevices, await report(renderGate(gate), renderGate(withDevices, presentOf(gate))))).toEqual([]);
    expect(await report(renderGate(withDevices), renderGateRemoval('0123abcd', ['inet', 'netdev']))).toBeUndefined();
  });

  it('loses a chain and a set in the same transaction, and keeps what stays', async () => {
    const onlyComingIn = plan([work('f3', delay(30), { direction: 'ingress' })]).gate;
    const both = presentIn(await report(renderGate(withDevices)));
    expect(gateDifferences(onlyComingIn, await report(renderGate(withDevices), renderGate(onlyComingIn, both)))).toEqual([]);
  });

  it('holds, renews and closes the lease of a fault in both tables at once', async () => {
    const elements = (observed: Awaited<ReturnType<typeof report>>) =>
      [observed, observed?.devices].map((part) => part?.sets.find(({ name }) => name === 'lease_f4')?.elements.length);
    const place = [renderGate(withDevices), renderLeases('0123abcd', [lease])];
    expect(elements(await report(...place))).toEqual([1, 1]);
    expect(elements(await report(...place, renderRenewal('0123abcd', lease)))).toEqual([1, 1]);
    expect(elements(await report(...place, renderClose('0123abcd', lease)))).toEqual([0, 0]);
    expect(elements(await report(...place, renderClose('0123abcd', lease, ['netdev'])))).toEqual([1, 0]);
  });

  it.each([
    ['a rule less at a device', 'flush chain netdev squall_0123abcd ingress_eth0', /rules in chain ingress_eth0/],
    ['a chain less', 'flush chain netdev squall_0123abcd egress_eth0\ndelete chain netdev squall_0123abcd egress_eth0', /chains/],
    ['no table at the devices', 'delete table netdev squall_0123abcd', /table netdev squall_0123abcd is missing/],
  ])('differs from the plan where there is %s', async (_, byHand, difference) => {
    expect(gateDifferences(withDevices, await report(renderGate(withDevices), byHand)).join()).toMatch(difference);
  });
});

describe('what nft reports', () => {
  it('is the plan, once the kernel has it, with a lease or without', async () => {
    expect(gateDifferences(gate, await report(renderGate(gate)))).toEqual([]);
    expect(
      gateDifferences(
        gate,
        await report(
          renderGate(gate),
          renderLeases('0123abcd', [{ faultId: 'f1', device: 'eth0', direction: 'egress', timeoutMs: 9000 }]),
        ),
      ),
    ).toEqual([]);
  });

  it.each([
    ['a rule less', `flush chain ${table} egress`, /rules/],
    ['a rule more', `add rule ${table} egress accept`, /rules/],
    ['another band', `insert rule ${table} egress meta priority set 1:2`, /rules/],
    ['a peer less', `delete element ${table} peers_ipv4_f2 { 10.0.0.2 }`, /peers_ipv4_f2 .* holds other addresses/],
    ['a set more', `add set ${table} stray { type ipv4_addr; }`, /sets/],
    ['a counter more', `add counter ${table} stray`, /counters/],
    ['no table', `delete table ${table}`, /is missing/],
  ])('differs from the plan where there is %s', async (_, byHand, difference) => {
    expect(gateDifferences(gate, await report(renderGate(gate), byHand)).join()).toMatch(difference);
  });

  it('names the devices of each instance, be it one or several, and no table of anybody else', async () => {
    const ofOther = plan([work('f3', delay(1)), work('f4', delay(1), { device: 'eth1' })], { instance: 'ffffffff' });
    const texts = [
      'flush ruleset',
      renderGate(gate),
      renderGate(ofOther.gate),
      'add table inet squall',
      'add table ip squall_eeeeeeee',
    ];
    for (const text of texts) await inside(['nft', '-f', '-'], `${text}\n`);
    const objects = parseNft(await inside(['nft', '-j', 'list', 'ruleset']));
    expect([...devicesOfGates(objects)].sort()).toEqual([
      ['0123abcd', ['eth0']],
      ['ffffffff', ['eth0', 'eth1']],
    ]);
  });

  it('differs where the chain has another place among the hooks', async () => {
    expect(gateDifferences({ ...gate, priority: 301 }, await report(renderGate(gate))).join()).toMatch(
      /priority 300 instead of 301/,
    );
  });
});

function presentIn(observed: ObservedGate | undefined): PresentGate {
  const namesOf = ({ sets, counters, chains }: ObservedTable) => ({
    sets: sets.map(({ name }) => name),
    counters: Object.keys(counters),
    chains: Object.keys(chains),
  });
  return { ...(observed && { inet: namesOf(observed) }), ...(observed?.devices && { netdev: namesOf(observed.devices) }) };
}

function presentOf({ leaseSets, peerSets, counters }: typeof gate): PresentGate {
  return { inet: { sets: [...leaseSets, ...peerSets.map(({ name }) => name)], counters, chains: ['egress'] } };
}
