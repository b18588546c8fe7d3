import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  gateDifferences,
  parseNft,
  readGate,
  renderClose,
  renderGate,
  renderGateRemoval,
  renderLeases,
  renderRenewal,
} from '../../src/faults/index.ts';
import { runProgram } from '../../src/lib/index.ts';
import { delay, loss, plan, work } from './works.ts';

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
});
afterAll(async () => {
  await run('ip', ['netns', 'del', namespace]);
});

describe('the gate in the words of nft', () => {
  it('leads from one gate to another, with nothing left of what has gone', async () => {
    expect(gateDifferences(gate, await report(renderGate(smaller), renderGate(gate, presentOf(smaller))))).toEqual([]);
    expect(gateDifferences(smaller, await report(renderGate(gate), renderGate(smaller, presentOf(gate))))).toEqual([]);
    expect(gateDifferences(gate, await report(renderGate(gate), renderGate(gate, presentOf(gate))))).toEqual([]);
    expect(await report(renderGate(gate), renderGateRemoval('0123abcd'))).toBeUndefined();
    expect(await report(renderGateRemoval('0123abcd'))).toBeUndefined();
  });

  it('keeps the lease and the counter of a fault that stays while others come and go', async () => {
    const lease = renderLeases('0123abcd', [{ faultId: 'f2', device: 'eth0', timeoutMs: 60_000 }]);
    const observed = await report(
      renderGate(smaller),
      lease,
      renderGate(gate, presentOf(smaller)),
      renderGate(smaller, presentOf(gate)),
    );
    expect(observed?.sets.find(({ name }) => name === 'lease_f2')?.elements).toHaveLength(1);
    const closed = await report(renderGate(smaller), lease, renderClose('0123abcd', ['f2']));
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
    expect(renderRenewal('0123abcd', { faultId: 'f1', device: 'eth0', timeoutMs: 2999.9 })).toBe(
      'delete element inet squall_0123abcd lease_f1 { "eth0" }\nadd element inet squall_0123abcd lease_f1 { "eth0" timeout 2999ms }\n',
    );
    expect(renderLeases('0123abcd', [{ faultId: 'f1', device: 'eth0', timeoutMs: 2999.9 }])).toBe(
      'flush set inet squall_0123abcd lease_f1\nadd element inet squall_0123abcd lease_f1 { "eth0" timeout 2999ms }\n',
    );
    expect(renderClose('0123abcd', ['f1', 'f2'])).toBe(
      'flush set inet squall_0123abcd lease_f1\nflush set inet squall_0123abcd lease_f2\n',
    );
    expect(renderGateRemoval('0123abcd')).toBe('add table inet squall_0123abcd\ndelete table inet squall_0123abcd\n');
  });

  it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses a lease of %d ms: nft would take 0 for ever',
    (timeoutMs) => {
      expect(() => renderLeases('0123abcd', [{ faultId: 'f1', device: 'eth0', timeoutMs }])).toThrow(
        /is no time to hold a fault/,
      );
    },
  );

  it.each([
    ['a fault id', { faultId: 'f1 { }', device: 'eth0', timeoutMs: 1000 }],
    ['a device', { faultId: 'f1', device: 'eth0" }; flush ruleset', timeoutMs: 1000 }],
  ])('takes no %s that would change the line', (_, lease) => {
    expect(() => renderLeases('0123abcd', [lease])).toThrow(/InvalidInput|is not a/);
  });
});

describe('what nft reports', () => {
  it('is the plan, once the kernel has it, with a lease or without', async () => {
    expect(gateDifferences(gate, await report(renderGate(gate)))).toEqual([]);
    expect(
      gateDifferences(
        gate,
        await report(renderGate(gate), renderLeases('0123abcd', [{ faultId: 'f1', device: 'eth0', timeoutMs: 9000 }])),
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

  it('differs where the chain has another place among the hooks', async () => {
    expect(gateDifferences({ ...gate, priority: 301 }, await report(renderGate(gate))).join()).toMatch(
      /priority 300 instead of 301/,
    );
  });
});

function presentOf({ leaseSets, peerSets, counters }: typeof gate) {
  return { sets: [...leaseSets, ...peerSets.map(({ name }) => name)], counters };
}
