import { expect, it } from 'vitest';
import { warningsOf } from '../../../src/observers/collector/warnings.ts';

const host = '0.0.0.0';
const buffer = { askedBytes: 4_194_304, grantedBytes: 4_194_304 };
const allow = ['10.0.0.0/8'];

it.each([
  ['nothing', { host, receiveBuffer: buffer, allow }, []],
  ['a capped buffer', { host, receiveBuffer: { ...buffer, grantedBytes: 212_992 }, allow }, ['ReceiveBufferCapped']],
  ['no allow-list', { host, receiveBuffer: buffer, allow: [] }, ['AnySource']],
  ['nothing where only this machine can send', { host: '127.0.0.1', receiveBuffer: buffer, allow: [] }, []],
  ['nothing where only this machine can send by IPv6', { host: '::1', receiveBuffer: buffer, allow: [] }, []],
  ['drops that nobody tells', { host, receiveBuffer: buffer, allow, dropsUnknown: 'ENOENT' }, ['KernelDropsUnknown']],
])('warns of %s', (_what, facts, expected) => {
  expect(warningsOf(facts).map(({ reason }) => reason)).toEqual(expected);
});

it('says which sysctl would give the whole buffer', () => {
  const [warning] = warningsOf({ host, receiveBuffer: { ...buffer, grantedBytes: 212_992 }, allow });
  expect(warning?.message).toMatch(/212992 bytes where 4194304 .*sysctl -w net\.core\.rmem_max=4194304/);
});
