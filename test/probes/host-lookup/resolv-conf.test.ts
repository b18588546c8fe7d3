import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidatesOf, parseResolvConf, patienceOf } from '../../../src/probes/host-lookup/resolv-conf.ts';

const unsaid = { servers: ['127.0.0.1'], search: [], ndots: 1, timeoutSeconds: 5, attempts: 2 };

describe('a resolv.conf', () => {
  it.each([
    ['nothing is the server of the machine itself', '', {}],
    ['servers of both families', 'nameserver 10.0.0.1\nnameserver fd00::1\n', { servers: ['10.0.0.1', 'fd00::1'] }],
    ['a server on a link', 'nameserver fe80::1%eth0', { servers: ['fe80::1%eth0'] }],
    ['three servers at most', '1234'.replace(/./g, 'nameserver 10.0.0.$&\n'), { servers: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] }],
    ['a server that is no address is passed over', 'nameserver dns.example\nnameserver 10.0.0.1', { servers: ['10.0.0.1'] }],
    ['the last list for searching', 'search a.b c.d\nsearch e.f', { search: ['e.f'] }],
    ['a domain after a list', 'search a.b c.d\ndomain e.f', { search: ['e.f'] }],
    ['a list after a domain', 'domain e.f\nsearch a.b\tc.d', { search: ['a.b', 'c.d'] }],
    ['options', 'options ndots:5 timeout:1 attempts:3 rotate', { ndots: 5, timeoutSeconds: 1, attempts: 3 }],
    ['options that are bounded', 'options ndots:99 timeout:99 attempts:99', { ndots: 15, timeoutSeconds: 30, attempts: 5 }],
    ['options of several lines', 'options ndots:2\noptions timeout:3', { ndots: 2, timeoutSeconds: 3 }],
    ['comments and lines that begin with a blank', '# nameserver 10.0.0.1\n;search a\n nameserver 10.0.0.2\n', {}],
    [
      'what a kubelet writes',
      'search shop.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
      {
        servers: ['10.96.0.10'],
        search: ['shop.svc.cluster.local', 'svc.cluster.local'],
        ndots: 5,
      },
    ],
  ])('says %s', (_what, text, said) => {
    expect(parseResolvConf(text)).toEqual({ ...unsaid, ...said });
  });

  it('is read whatever is in it, and is always of use', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('nameserver', 'options', 'search', 'ndots:3', '\n', ' ', '::1'))),
        (parts) => {
          const { servers, ndots, timeoutSeconds, attempts } = parseResolvConf(parts.join(' '));
          expect(servers.length).toBeGreaterThanOrEqual(1);
          expect(servers.length).toBeLessThanOrEqual(3);
          expect(ndots).toBeLessThanOrEqual(15);
          expect(timeoutSeconds * attempts).toBeGreaterThanOrEqual(1);
        },
      ),
    );
  });
});

describe('the names that a host is asked for by', () => {
  const search = ['shop.svc', 'svc'];
  it.each([
    ['db', { search, ndots: 1 }, ['db.shop.svc', 'db.svc', 'db']],
    ['db.shop', { search, ndots: 1 }, ['db.shop', 'db.shop.shop.svc', 'db.shop.svc']],
    ['api.example.org', { search, ndots: 5 }, ['api.example.org.shop.svc', 'api.example.org.svc', 'api.example.org']],
    ['api.example.org.', { search, ndots: 5 }, ['api.example.org']],
    ['db', { search: [], ndots: 1 }, ['db']],
    ['db', { search: ['.'], ndots: 1 }, ['db']],
    ['db', { search: ['a'.repeat(252)], ndots: 1 }, ['db']],
  ])('of %s with %j are %j', (host, configuration, names) => {
    expect(candidatesOf(host, configuration)).toEqual(names);
  });

  it('have the name itself once, first exactly when it has enough dots', () => {
    const label = fc.stringMatching(/^[a-z]{1,8}$/);
    const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
    fc.assert(
      fc.property(name, fc.uniqueArray(name, { maxLength: 4 }), fc.nat(15), (host, domains, ndots) => {
        const names = candidatesOf(host, { search: domains, ndots });
        expect(names).toHaveLength(domains.length + 1);
        expect(new Set(names).size).toBe(names.length);
        expect(names.indexOf(host)).toBe(host.split('.').length - 1 >= ndots ? 0 : domains.length);
      }),
    );
  });
});

describe('the patience with name servers', () => {
  it.each([
    [1, 5, 2, { timeoutMs: 1333, tries: 2 }],
    [3, 5, 2, { timeoutMs: 444, tries: 2 }],
    [1, 1, 1, { timeoutMs: 1000, tries: 1 }],
    [2, 30, 5, { timeoutMs: 666, tries: 2 }],
  ])('with %i servers, %i s and %i attempts is %j of 4 s', (servers, timeoutSeconds, attempts, patience) => {
    expect(patienceOf({ servers: Array.from({ length: servers }, () => '::1'), timeoutSeconds, attempts }, 4000)).toEqual(
      patience,
    );
  });
});
