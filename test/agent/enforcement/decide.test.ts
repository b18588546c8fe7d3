import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideRelease, decideSetting, type SetSysctl } from '../../../src/agent/enforcement/decide.ts';

const sysctl = 'net.ipv4.ip_forward';
const wanted = { sysctl, value: '1', owner: 'a' };
const entry = (changes: Partial<SetSysctl> = {}): SetSysctl => ({ sysctl, was: '0', written: '1', owners: ['a'], ...changes });

describe('decideSetting', () => {
  it.each([
    ['leaves what is as wanted', undefined, '1', { kind: 'leave' }],
    ['writes what differs, and keeps what was', undefined, '0', { kind: 'hold', entry: entry(), isWritten: true }],
    ['refuses what there is not', undefined, undefined, { kind: 'refuse', why: 'there is no such sysctl' }],
    ['holds what it has set', entry(), '1', { kind: 'hold', entry: entry(), isWritten: false }],
    ['writes again what it could not write before', entry(), '0', { kind: 'hold', entry: entry(), isWritten: true }],
    [
      'writes over what somebody else has set, and keeps that',
      entry(),
      '2',
      { kind: 'hold', entry: entry({ was: '2' }), isWritten: true },
    ],
    [
      'shares what another validator has set alike',
      entry({ owners: ['b'] }),
      '1',
      { kind: 'hold', entry: entry({ owners: ['b', 'a'] }), isWritten: false },
    ],
    [
      'refuses what another validator has set otherwise',
      entry({ written: '2', owners: ['b'] }),
      '2',
      { kind: 'refuse', why: 'another validator (uid b) has it set to 2' },
    ],
  ])('%s', (_, before, current, setting) => {
    expect(decideSetting(before, { before: current, current }, wanted)).toEqual(setting);
  });

  it.each([
    ['as it was wanted', undefined, '1', '0', { was: '1', replaced: '0' }],
    ['otherwise than it was wanted', undefined, '0', '1', { was: '0' }],
    ['and held', entry(), '1', '2', { was: '0', replaced: '2' }],
  ])('takes for what was what there was before another sysctl changed it: %s', (_, former, before, current, held) => {
    const setting = decideSetting(former, { before, current }, wanted);
    expect(setting).toEqual({ kind: 'hold', entry: entry(held), isWritten: current !== '1' });
  });

  it('knows for its own, until the new value is read back, also the one that it replaces', () => {
    const setting = decideSetting(entry({ written: '2' }), { before: '2', current: '2' }, wanted);
    expect(setting).toEqual({ kind: 'hold', entry: entry({ replaced: '2' }), isWritten: true });
    expect(decideSetting(entry({ replaced: '2' }), { before: '2', current: '2' }, wanted)).toEqual(setting);
  });
});

describe('decideRelease', () => {
  it.each([
    ['restores what it has set', entry(), '1', { kind: 'restore' }],
    ['restores what it has set before, and was about to replace', entry({ replaced: '2' }), '2', { kind: 'restore' }],
    ['does nothing where it never came to writing', entry(), '0', { kind: 'gone' }],
    ['does nothing where the sysctl has gone', entry(), undefined, { kind: 'gone' }],
    ['leaves what somebody else has set since', entry(), '2', { kind: 'changed' }],
    ['keeps what another validator wants', entry({ owners: ['a', 'b'] }), '1', { kind: 'keep', entry: entry({ owners: ['b'] }) }],
  ])('%s', (_, before, current, release) => {
    expect(decideRelease(before, current, 'a')).toEqual(release);
  });
});

it('whatever is set and by whom else, in the end it is what it would be without us', () => {
  const value = fc.constantFrom('0', '1', '2');
  fc.assert(
    fc.property(value, value, fc.option(value, { nil: undefined }), fc.boolean(), (start, aim, foreign, isCut) => {
      const setting = decideSetting(undefined, { before: start, current: start }, { ...wanted, value: aim });
      if (setting.kind !== 'hold') return;
      let now = isCut ? start : aim;
      if (foreign !== undefined) now = foreign;
      const release = decideRelease(setting.entry, now, 'a');
      const end = release.kind === 'restore' ? setting.entry.was : now;
      // Whoever sets the very value that we have set cannot be told from us.
      expect(end).toBe(foreign === undefined || foreign === aim ? start : foreign);
    }),
  );
});

it('whatever it is changed to, and wherever that is cut off, in the end it is what it would be without us', () => {
  const value = fc.constantFrom('0', '1', '2');
  fc.assert(
    fc.property(value, value, fc.boolean(), (start, aim, isCut) => {
      const former = entry({ was: start, written: '1' });
      const setting = decideSetting(former, { before: '1', current: '1' }, { ...wanted, value: aim });
      if (setting.kind !== 'hold') throw new Error('what is ours is held');
      const now = isCut ? '1' : aim;
      const release = decideRelease(setting.entry, now, 'a');
      expect(release.kind === 'restore' ? setting.entry.was : now).toBe(start);
    }),
  );
});
