import { describe, expect, it } from 'vitest';
import type { Direction, Driver, Fault } from '../../src/api/index.ts';
import { describeFault, dropsOf, requirements } from '../../src/faults/index.ts';
import { corrupt, delay, duplicate, loss, partition, plan, rate, reorder, slot, work } from './works.ts';

const normal: Fault = { type: 'delay', delayMs: 50, jitterMs: 5, distribution: 'normal' };

describe('describeFault', () => {
  it.each<[Fault, string]>([
    [delay(200), 'delay 200ms'],
    [delay(1500, 100), 'delay 1500ms jitter 100ms'],
    [normal, 'delay 50ms jitter 5ms normal'],
    [loss(0.5), 'loss 0.5%'],
    [loss(10, 3), 'loss 10% burst 3'],
    [corrupt(0.1), 'corrupt 0.1%'],
    [duplicate(5), 'duplicate 5%'],
    [reorder(25, 20), 'reorder 25% delay 20ms'],
    [reorder(100, 20, 5), 'reorder 100% delay 20ms gap 5'],
    [rate(20e6), 'rate 20mbit latency 50ms'],
    [rate(1_234_567_890), 'rate 1.235gbit latency 50ms'],
    [rate(500), 'rate 500bit latency 50ms'],
    [slot(20, 30), 'slot 20ms to 30ms'],
    [partition, 'partition'],
  ])('says %j as %s', (fault, text) => {
    expect(describeFault(fault)).toBe(text);
  });
});

const wayOf = (driver: Driver, fault: Fault, direction: Direction) =>
  requirements(fault, direction)
    .flatMap((check) => (check.check === 'driver' ? check.ways : []))
    .find((way) => way.driver === driver);

describe('requirements', () => {
  it('are the gate, the programs and a driver for every fault', () => {
    const needed = requirements(delay(50), 'egress').map((check) =>
      check.check === 'capability' ? check.capability : check.check === 'tool' ? check.tool : check.check,
    );
    expect(needed).toEqual(['tc', 'nft', 'ip', 'nsenter', 'setpriv', 'nft-set-timeout', 'nft-set-priority', 'driver']);
  });

  it.each([loss(10), corrupt(1), duplicate(1), reorder(25, 20), rate(1e6), partition])(
    'add tbf for %j, which cuts super-packets up or holds the rate',
    (fault) => {
      expect(requirements(fault, 'egress')).toContainEqual({ check: 'capability', capability: 'tbf' });
    },
  );

  it.each<[Fault, Direction, string[]]>([
    [delay(50), 'egress', []],
    [delay(50), 'ingress', ['ifb', 'nft-forward-ingress']],
    [delay(50), 'both', ['ifb', 'nft-forward-ingress']],
    [duplicate(5), 'egress', ['ifb', 'nft-forward-egress']],
    [duplicate(5), 'ingress', ['ifb', 'nft-forward-ingress']],
    [duplicate(5), 'both', ['ifb', 'nft-forward-ingress', 'nft-forward-egress']],
  ])('are netem, prio and, for %j on %s, what sends packets through a device of ours: %j', (fault, direction, expected) => {
    expect(wayOf('netem', fault, direction)).toEqual({
      driver: 'netem',
      does: true,
      capabilities: ['netem', 'prio', ...expected],
    });
  });

  const [chance, out] = [
    ['htb', 'bpf-filter'],
    ['ifb', 'nft-forward-egress'],
  ];
  it.each<[Fault, Direction, boolean, string[]]>([
    [loss(10), 'egress', true, [...chance, 'tbf', ...out]],
    [loss(10), 'ingress', true, [...chance, 'tbf', 'ifb', 'nft-forward-ingress']],
    [partition, 'both', true, ['htb', 'tbf', 'ifb', 'nft-forward-ingress', 'nft-forward-egress']],
    [rate(20e6), 'egress', true, ['tbf', ...out]],
    [loss(10, 3), 'egress', false, [...chance, 'tbf', ...out]],
    [delay(50), 'egress', false, [...chance, 'tbf', ...out]],
    [slot(10, 20), 'egress', false, [...chance, 'tbf', ...out]],
    [reorder(25, 20), 'egress', false, [...chance, 'tbf', ...out]],
    [corrupt(1), 'egress', false, [...chance, 'tbf', ...out]],
    [duplicate(5), 'egress', false, [...chance, 'tbf', ...out]],
  ])(
    'offer htb where there is no netem: for %j on %s it is %s that it does it, with %j',
    (fault, direction, does, capabilities) => {
      expect(wayOf('htb', fault, direction)).toEqual({ driver: 'htb', does, capabilities });
    },
  );

  it('add the file of a distribution only where one is used', () => {
    expect(requirements(normal, 'egress')).toContainEqual({ check: 'distribution', distribution: 'normal' });
    expect(requirements(delay(50, 5), 'egress').some(({ check }) => check === 'distribution')).toBe(false);
    expect(requirements({ ...normal, jitterMs: 0 }, 'egress').some(({ check }) => check === 'distribution')).toBe(false);
  });
});

describe('dropsOf', () => {
  const works = [work('a', loss(10)), work('b', loss(20)), work('slow', delay(5))];
  const target = plan(works);
  const bandOf = (key: string) => target.bands[key] ?? 0;
  const count = (sent: number, drops: number) => ({ sent, drops, waiting: 0 });
  const counts = {
    eth0: {
      [bandOf('a')]: count(90, 10),
      [bandOf('a+slow')]: count(9, 1),
      [bandOf('a+b')]: count(50, 50),
      [bandOf('slow')]: { sent: 7, drops: 0, waiting: 3 },
    },
  };

  it.each([
    ['a', { drops: 11, offered: 110 }],
    ['b', { drops: 0, offered: 0 }],
    ['slow', { drops: 0, offered: 10 }],
  ])('counts for %s only the bands where nobody else loses packets', (faultId, expected) => {
    expect(dropsOf(target, works, counts, faultId)).toEqual(expected);
  });
});
