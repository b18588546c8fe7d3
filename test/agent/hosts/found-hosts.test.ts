import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fault, FaultWork } from '../../../src/api/index.ts';
import { learn, namesIn, nextLookupInMs, withFoundHosts } from '../../../src/agent/hosts/found-hosts.ts';
import { work } from '../../faults/works.ts';

const delay: Fault = { type: 'delay', delayMs: 50, jitterMs: 0, distribution: 'uniform' };
const partition: Fault = { type: 'partition' };
const nobody = { ipv4: [], ipv6: [] };
const ports = { first: 443, last: 443 };
const a = { host: 'a', ipv4: ['192.0.2.1'], ipv6: ['2001:db8::1'], ttlSeconds: 30 };
const b = { host: 'b', ipv4: ['192.0.2.2'], ipv6: [], ttlSeconds: 7 };
const found = new Map([a, b].map((one) => [one.host, one]));
const fault = (more: Partial<FaultWork>, effect: Fault = partition) =>
  work('f', effect, { peers: nobody, dosePeers: {}, excluded: ['192.0.2.254'], ...more });

describe('a fault with host names', () => {
  it.each([
    [
      'peers of names alone',
      { hosts: { peers: [{ host: 'a' }, { host: 'b' }], except: [] } },
      {
        peers: { ipv4: ['192.0.2.1', '192.0.2.2'], ipv6: ['2001:db8::1'] },
      },
    ],
    [
      'peers beside addresses',
      { peers: { ipv4: ['192.0.2.2', '10.0.0.0/8'], ipv6: [] }, hosts: { peers: [{ host: 'b' }], except: [] } },
      {
        peers: { ipv4: ['192.0.2.2', '10.0.0.0/8'], ipv6: [] },
      },
    ],
    [
      'peers at ports',
      { hosts: { peers: [{ host: 'a', ports }, { host: 'b' }], except: [] } },
      {
        peers: { ipv4: ['192.0.2.2'], ipv6: [], atPorts: [{ ipv4: ['192.0.2.1'], ipv6: ['2001:db8::1'], ports }] },
      },
    ],
    [
      'peers at ports that others are named at, too',
      {
        peers: { ...nobody, atPorts: [{ ipv4: ['10.0.0.1'], ipv6: [], ports }] },
        hosts: { peers: [{ host: 'b', ports }], except: [] },
      },
      { peers: { ...nobody, atPorts: [{ ipv4: ['10.0.0.1', '192.0.2.2'], ipv6: [], ports }] } },
    ],
    [
      'exceptions',
      { peers: 'all', hosts: { peers: [], except: ['a'] } },
      {
        peers: 'all',
        except: { ipv4: ['192.0.2.1'], ipv6: ['2001:db8::1'] },
      },
    ],
    [
      'exceptions beside addresses',
      { peers: 'all', except: { ipv4: ['10.0.0.1'], ipv6: [] }, hosts: { peers: [], except: ['b'] } },
      {
        peers: 'all',
        except: { ipv4: ['10.0.0.1', '192.0.2.2'], ipv6: [] },
      },
    ],
  ] satisfies [string, Partial<FaultWork>, Partial<FaultWork>][])('has their addresses as %s', (_what, asked, resolved) => {
    const { hosts: _hosts, ...rest } = fault(asked);
    expect(withFoundHosts(fault(asked), found, 'uid')).toEqual({ ...rest, ...resolved, dosePeers: { uid: [] } });
  });

  it('is the very same without names', () => {
    const before = fault({});
    expect(withFoundHosts(before, found, 'uid')).toBe(before);
  });

  it('names each once', () => {
    expect(namesIn({ hosts: { peers: [{ host: 'a' }, { host: 'a', ports }], except: ['b', 'a'] } })).toEqual(['a', 'b']);
    expect(namesIn({})).toEqual([]);
  });

  const both = { peers: [{ host: 'a' }, { host: 'b' }], except: [] };
  it.each([
    ['at the hosts, where nobody else was chosen', delay, { hosts: both }, ['192.0.2.1', '192.0.2.2', '2001:db8::1']],
    ['at whom the control process chose', delay, { hosts: both, dosePeers: { uid: ['10.0.0.1'] } }, ['10.0.0.1']],
    ['at none of the hosts that are spared', delay, { hosts: { ...both, except: ['a'] }, excluded: ['192.0.2.2'] }, []],
    [
      'not at whom a name spares',
      delay,
      { peers: 'all', hosts: { peers: [], except: ['a'] }, dosePeers: { uid: ['192.0.2.1', '10.0.0.1'] } },
      ['10.0.0.1'],
    ],
    ['by no pings, where these show nothing', partition, { hosts: both }, []],
  ] satisfies [string, Fault, Partial<FaultWork>, string[]][])('has its dose measured %s', (_where, effect, more, peers) => {
    expect(withFoundHosts(fault(more, effect), found, 'uid').dosePeers).toEqual({ uid: peers });
  });
});

describe('what is found', () => {
  it('takes the place of what was found before, and what is not found now stays', () => {
    const now = { ...a, ipv4: ['192.0.2.9'] };
    const lost = { host: 'b', error: 'no address' };
    expect(learn(found, [now, lost])).toEqual({
      found: new Map([
        ['a', now],
        ['b', b],
      ]),
      unknown: [lost],
    });
  });

  it.each([
    ['after the shortest time to live', [a, b], 0, 7000],
    ['not before 5 s', [a, { ...b, ttlSeconds: 0 }], 0, 5000],
    ['after 60 s at the latest', [{ ...a, ttlSeconds: 3600 }], 0, 60_000],
    ['after 60 s where no time is said', [{ host: 'c', ipv4: [], ipv6: [] }], 0, 60_000],
    ['5 s after a failure', [{ ...a, ttlSeconds: 3600 }], 1, 5000],
    ['20 s after the third in a row', [a], 3, 20_000],
    ['60 s after the tenth in a row', [a], 10, 60_000],
  ])('is looked up again %s', (_when, hosts, failures, inMs) => {
    expect(nextLookupInMs(new Map(hosts.map((one) => [one.host, one])), failures)).toBe(inMs);
  });

  it('is looked up again between 5 and 60 s from now, whatever the times and failures', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.nat(10_000), (times, failures) => {
        const hosts = new Map(times.map((ttlSeconds, index) => [String(index), { ...a, ttlSeconds }]));
        const inMs = nextLookupInMs(hosts, failures);
        expect(inMs).toBeGreaterThanOrEqual(5000);
        expect(inMs).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});
