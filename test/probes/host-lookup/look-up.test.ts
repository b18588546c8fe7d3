import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookUp, outcomeOf, type Reply } from '../../../src/probes/host-lookup/look-up.ts';
import { parseResolvConf } from '../../../src/probes/host-lookup/resolv-conf.ts';

const records = (ttl: number, ...addresses: string[]): Reply => ({ records: addresses.map((address) => ({ address, ttl })) });
const error = (code: string): Reply => ({ error: code });

describe('what both families say of a name', () => {
  it.each([
    [
      'addresses of both',
      records(30, '10.0.0.2', '10.0.0.1'),
      records(7, 'fd00::1'),
      ['found', ['10.0.0.1', '10.0.0.2'], ['fd00::1'], 7],
    ],
    ['addresses of one', records(30, '10.0.0.1'), error('ENODATA'), ['found', ['10.0.0.1'], [], 30]],
    ['an address twice', records(30, '10.0.0.1', '10.0.0.1'), error('ENODATA'), ['found', ['10.0.0.1'], [], 30]],
    ['no such name', error('ENOTFOUND'), error('ENOTFOUND'), ['next', 'ENOTFOUND']],
    ['no address', error('ENODATA'), error('ENODATA'), ['next', 'ENODATA']],
    ['servers that fail', error('ESERVFAIL'), error('ESERVFAIL'), ['next', 'ESERVFAIL']],
    ['a server that fails for one family', records(30, '10.0.0.1'), error('ESERVFAIL'), ['stop', 'ESERVFAIL']],
    ['silence', error('ETIMEOUT'), error('ETIMEOUT'), ['stop', 'ETIMEOUT']],
    ['silence for one family', records(30, '10.0.0.1'), error('ETIMEOUT'), ['stop', 'ETIMEOUT']],
    ['a refusal', error('EREFUSED'), error('EREFUSED'), ['stop', 'EREFUSED']],
  ])('is with %s as %s and %s', (_what, ipv4, ipv6, expected) => {
    expect(Object.values(outcomeOf(ipv4, ipv6))).toEqual(expected);
  });
});

describe('a host', () => {
  const files = (hostsFile = '') => ({
    configuration: parseResolvConf('nameserver 10.96.0.10\nsearch shop.svc svc\noptions ndots:2'),
    hostsFile,
  });
  const ask = (replies: Record<string, Reply>) => {
    const asked: string[] = [];
    return {
      asked,
      ask: (name: string, family: 4 | 6) => {
        asked.push(`${name} ${String(family)}`);
        return Promise.resolve(replies[`${name} ${String(family)}`] ?? error('ENOTFOUND'));
      },
    };
  };

  it.each([
    ['10.0.0.1', { ipv4: ['10.0.0.1'], ipv6: [] }],
    ['fd00::1', { ipv4: [], ipv6: ['fd00::1'] }],
    ['db', { ipv4: ['10.0.0.9'], ipv6: ['fd00::9'] }],
  ])('that is an address, or is in the hosts file, is asked of nobody: %s', async (host, found) => {
    const { ask: asking, asked } = ask({});
    expect(await lookUp(host, files('10.0.0.9 db\nfd00::9 db'), asking)).toEqual({ host, ...found });
    expect(asked).toEqual([]);
  });

  it('is asked for in both families by one name after the other, until one has an address', async () => {
    const { ask: asking, asked } = ask({ 'db.svc 6': records(5, 'fd00::9'), 'db 4': records(5, '10.0.0.9') });
    expect(await lookUp('db', files(), asking)).toEqual({ host: 'db', ipv4: [], ipv6: ['fd00::9'], ttlSeconds: 5 });
    expect(asked).toEqual(['db.shop.svc 4', 'db.shop.svc 6', 'db.svc 4', 'db.svc 6']);
  });

  it('is found behind a domain whose servers fail, and not behind one that is silent', async () => {
    const found = { 'db 4': records(5, '10.0.0.9') };
    const failing = { ...found, 'db.shop.svc 4': error('ESERVFAIL'), 'db.shop.svc 6': error('ESERVFAIL') };
    expect(await lookUp('db', files(), ask(failing).ask)).toMatchObject({ ipv4: ['10.0.0.9'] });
    const silent = { ...found, 'db.shop.svc 4': error('ETIMEOUT'), 'db.shop.svc 6': error('ETIMEOUT') };
    expect(await lookUp('db', files(), ask(silent).ask)).toEqual({
      host: 'db',
      error: 'no address by name server 10.96.0.10 (db.shop.svc: ETIMEOUT)',
    });
  });

  it('that nobody knows is named with every name that was asked for', async () => {
    expect(await lookUp('db', files(), ask({}).ask)).toEqual({
      host: 'db',
      error: 'no address by name server 10.96.0.10 (db.shop.svc: ENOTFOUND, db.svc: ENOTFOUND, db: ENOTFOUND)',
    });
  });

  it('has at most 64 addresses of a family, or is refused', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `10.0.0.${String(index)}`);
    expect(await lookUp('db', files(), ask({ 'db 4': records(5, ...many(64)) }).ask)).toHaveProperty('ipv4.length', 64);
    const refused = { host: 'db', error: expect.stringMatching(/^65 addresses of one family; expected at most 64/) as string };
    expect(await lookUp('db', files(), ask({ 'db 4': records(5, ...many(65)) }).ask)).toEqual(refused);
    expect(
      await lookUp(
        'db',
        files(
          many(65)
            .map((address) => `${address} db`)
            .join('\n'),
        ),
        ask({}).ask,
      ),
    ).toEqual(refused);
  });

  it('has sorted addresses, in whatever order a server rotates them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 20 }), async (addresses) => {
        const found = await lookUp('db', files(), ask({ 'db 4': records(5, ...addresses) }).ask);
        expect(found).toHaveProperty('ipv4', addresses.toSorted());
      }),
    );
  });
});
