import { expect, it } from 'vitest';
import { warningsOf } from '../../../src/observers/collector/warnings.ts';

const buffer = { askedBytes: 4_194_304, grantedBytes: 4_194_304 };
const allow = ['10.0.0.0/8'];

it.each([
  ['nothing', { receiveBuffer: buffer, allow }, []],
  ['a capped buffer', { receiveBuffer: { ...buffer, grantedBytes: 212_992 }, allow }, ['ReceiveBufferCapped']],
  ['no allow-list', { receiveBuffer: buffer, allow: [] }, ['AnySource']],
  ['drops that nobody tells', { receiveBuffer: buffer, allow, dropsUnknown: 'ENOENT' }, ['KernelDropsUnknown']],
])('warns of %s', (_what, facts, expected) => {
  expect(warningsOf(facts).map(({ reason }) => reason)).toEqual(expected);
});

it('says which sysctl would give the whole buffer', () => {
  const [warning] = warningsOf({ receiveBuffer: { ...buffer, grantedBytes: 212_992 }, allow });
  expect(warning?.message).toMatch(/212992 bytes where 4194304 .*sysctl -w net\.core\.rmem_max=4194304/);
});
