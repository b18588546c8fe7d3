import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accountDatagram,
  type Accounts,
  type AgentAccount,
  lossCorrection,
  noAccounts,
  type SflowDatagram,
} from '../../../../src/observers/index.ts';
import { accountLimits } from '../../../../src/observers/sflow/account/agent-account.ts';

type Sent = {
  sequence: number;
  uptimeMs?: number;
  samples?: [sequence: number, drops: number][];
  subAgent?: number;
  agent?: string;
};

const datagram = ({ sequence, uptimeMs = 60_000, samples = [], subAgent = 0, agent = '192.0.2.1' }: Sent): SflowDatagram => ({
  agent,
  subAgent,
  sequence,
  uptimeMs,
  samples: samples.map(([number, drops]) => ({
    kind: 'flow',
    sequence: number,
    source: '0:3',
    drops,
    rate: 64,
    pool: 64,
    input: 1,
    output: 2,
  })),
});

const accountsOf = (...sent: readonly Sent[]): Accounts => sent.map(datagram).reduce(accountDatagram, noAccounts);

function accountOf(...sent: readonly Sent[]): AgentAccount {
  const [account] = accountsOf(...sent).agents.values();
  if (account === undefined) throw new Error('expected an account');
  return account;
}

const numbered = (...sequences: readonly number[]): Sent[] => sequences.map((sequence) => ({ sequence }));

describe('the account of an agent', () => {
  it.each<[string, Sent[], Partial<AgentAccount>]>([
    ['datagrams in a row', numbered(1, 2, 3), { datagrams: 3, lost: 0 }],
    ['nothing before the first, whatever its number', numbered(300, 301), { datagrams: 2, lost: 0 }],
    ['a gap as lost', numbered(1, 2, 5), { datagrams: 3, lost: 2 }],
    ['a number that wraps as no gap', numbered(0xfffffffe, 0xffffffff, 0, 1), { datagrams: 4, lost: 0, restarts: 0 }],
    ['a gap over the wrap', numbered(0xfffffffe, 1), { lost: 2 }],
    ['what comes late as not lost', numbered(1, 3, 2, 4), { datagrams: 4, lost: 0, late: 1 }],
    ['what comes twice once', numbered(1, 3, 3, 4), { datagrams: 3, lost: 1, late: 0, duplicates: 1 }],
    ['what comes late and twice once', numbered(1, 3, 2, 2, 1, 4), { datagrams: 4, lost: 0, late: 1, duplicates: 2 }],
    ['what comes before the first as late', numbered(2, 1, 1), { datagrams: 2, late: 1, duplicates: 1 }],
    ['what comes as late as it may', numbered(1, 2, 66, 2, 3, 67, 3), { datagrams: 5, late: 1, duplicates: 2 }],
    [
      'a number that had come, at a later time, as a restart of the agent alone',
      [...numbered(1, 2, 3), { sequence: 1, uptimeMs: 70_000 }],
      { datagrams: 4, restarts: 1, duplicates: 0 },
    ],
    ['a number far back as a restart', numbered(1000, 1001, 1), { lost: 0, restarts: 1 }],
    [
      'an uptime that went back as a restart, though the numbers are near',
      [
        { sequence: 10, uptimeMs: 9000 },
        { sequence: 3, uptimeMs: 100 },
        { sequence: 4, uptimeMs: 1100 },
      ],
      { lost: 0, late: 0, restarts: 1 },
    ],
    [
      'an uptime that went back as a restart, though the number went on',
      [
        { sequence: 1, uptimeMs: 9000 },
        { sequence: 9, uptimeMs: 100 },
      ],
      { lost: 0, restarts: 1 },
    ],
    [
      'an uptime that wraps as none',
      [
        { sequence: 1, uptimeMs: 0xffffff00 },
        { sequence: 2, uptimeMs: 100 },
      ],
      { lost: 0, restarts: 0 },
    ],
    [
      'what comes late over a tick of a clock of one second',
      [
        { sequence: 1, uptimeMs: 1000 },
        { sequence: 3, uptimeMs: 2000 },
        { sequence: 2, uptimeMs: 1000 },
      ],
      { late: 1, restarts: 0, lost: 0 },
    ],
  ])('counts %s', (_, sent, expected) => {
    expect(accountOf(...sent)).toMatchObject(expected);
  });

  it.each<[string, Sent[], Partial<AgentAccount>]>([
    [
      'by how much a source has dropped more',
      [
        {
          sequence: 1,
          samples: [
            [1, 100],
            [2, 103],
          ],
        },
        { sequence: 2, samples: [[3, 107]] },
      ],
      { samples: 3, sampleDrops: 7, samplesMissed: 0 },
    ],
    [
      'drops over a wrap',
      [
        {
          sequence: 1,
          samples: [
            [1, 0xffffffff],
            [2, 1],
          ],
        },
      ],
      { sampleDrops: 2 },
    ],
    [
      'samples that are missing',
      [
        {
          sequence: 1,
          samples: [
            [1, 0],
            [5, 0],
          ],
        },
      ],
      { samplesMissed: 3 },
    ],
    [
      'no drops of a source that counts anew',
      [
        {
          sequence: 1,
          samples: [
            [5000, 10],
            [1, 0],
            [2, 1],
          ],
        },
      ],
      { sampleDrops: 1, samplesMissed: 0 },
    ],
    [
      'no drops of an agent that was restarted',
      [
        { sequence: 9, uptimeMs: 90_000, samples: [[9, 50]] },
        { sequence: 1, uptimeMs: 0, samples: [[10, 80]] },
      ],
      { sampleDrops: 0, samplesMissed: 0, restarts: 1 },
    ],
  ])('counts %s', (_, sent, expected) => {
    expect(accountOf(...sent)).toMatchObject(expected);
  });

  it('is kept for each agent and sub-agent apart', () => {
    const accounts = accountsOf(
      { sequence: 1 },
      { sequence: 7, subAgent: 1 },
      { sequence: 9, agent: '192.0.2.2' },
      { sequence: 2 },
    );
    expect(
      [...accounts.agents.values()].map(({ agent, subAgent, datagrams, lost }) => [agent, subAgent, datagrams, lost]),
    ).toEqual([
      ['192.0.2.1', 0, 2, 0],
      ['192.0.2.1', 1, 1, 0],
      ['192.0.2.2', 0, 1, 0],
    ]);
  });

  it('counts what could not be decoded, or not whole', () => {
    const broken = { ...datagram({ sequence: 1 }), error: 'cut', reason: 'MissingSamples' } as SflowDatagram;
    const accounts = [broken, { error: 'of version 4', reason: 'UnsupportedVersion' } as SflowDatagram].reduce(
      accountDatagram,
      noAccounts,
    );
    expect(accounts.undecodable).toBe(1);
    expect([...accounts.agents.values()]).toMatchObject([{ datagrams: 1, malformed: 1 }]);
  });

  it('leaves the state that it was given as it was', () => {
    const before = accountsOf({ sequence: 1, samples: [[1, 0]] });
    const copy = structuredClone(before);
    accountDatagram(before, datagram({ sequence: 5, samples: [[9, 9]] }));
    expect(before).toEqual(copy);
  });

  it('has room for a bounded number of agents, and counts the datagrams of the others', () => {
    const agents = new Map(
      Array.from({ length: accountLimits.agents }, (_, index) => [String(index), accountOf({ sequence: 1 })]),
    );
    const accounts = accountDatagram({ ...noAccounts, agents }, datagram({ sequence: 1 }));
    expect([accounts.agents.size, accounts.untracked]).toEqual([accountLimits.agents, 1]);
  });

  it('knows of every datagram, whatever is lost and however the rest is mixed', () => {
    const sending = fc.record({
      first: fc.nat(0xffffffff),
      kept: fc.array(fc.boolean(), { minLength: 2, maxLength: 60 }),
      swaps: fc.array(fc.nat(58), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(sending, ({ first, kept, swaps }) => {
        // The first and the last arrive, and in order: of what was before and after nobody can know.
        const arrived = kept.flatMap((keep, index) => (keep || index === 0 || index === kept.length - 1 ? [index] : []));
        for (const at of swaps) {
          const [one, other] = [arrived[at], arrived[at + 1]];
          if (at > 0 && at + 2 < arrived.length && one !== undefined && other !== undefined) arrived.splice(at, 2, other, one);
        }
        const account = accountOf(...arrived.map((index) => ({ sequence: (first + index) >>> 0 })));
        expect(account).toMatchObject({
          datagrams: arrived.length,
          lost: kept.length - arrived.length,
          restarts: 0,
          duplicates: 0,
        });
        expect(lossCorrection(account)).toBeCloseTo(kept.length / arrived.length);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
