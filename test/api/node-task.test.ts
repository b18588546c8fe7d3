import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortNodeName } from '../../src/api/index.ts';

describe("a node's name where a label's value must fit", () => {
  it('is the name itself, up to 63 characters', () => {
    expect([shortNodeName('lab'), shortNodeName('a'.repeat(63))]).toEqual(['lab', 'a'.repeat(63)]);
  });

  it('stays the same for one node and differs from those that begin the same', () => {
    const [one, other] = ['a', 'b'].map((end) => `${'n'.repeat(99)}.${end}`);
    expect(shortNodeName(one ?? '')).toBe(`${'n'.repeat(46)}-2efe8af97a164828`);
    expect(shortNodeName(other ?? '')).not.toBe(shortNodeName(one ?? ''));
  });

  it('does not break off at a dot', () => {
    expect(shortNodeName(`${'n'.repeat(45)}.${'m'.repeat(40)}`)).toMatch(/^n{45}-[0-9a-f]{16}$/);
  });

  it('is always a value that a label, and a name that an object may have', () => {
    const part = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('.').slice(0, 253).replace(/\W+$/, ''));
    fc.assert(
      fc.property(name, (node) => {
        expect(shortNodeName(node)).toMatch(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
        // DNS-1123 subdomain: what task names are made of.
        expect(shortNodeName(node)).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
      }),
    );
  });
});
