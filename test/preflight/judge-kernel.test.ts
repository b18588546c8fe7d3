import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeKernel } from '../../src/preflight/index.ts';
import { compareVersions } from '../../src/preflight/judge-kernel.ts';

describe('judgeKernel', () => {
  it.each([
    ['6.1.0-56-cloud-amd64', { atLeast: '5.16' }, true],
    ['6.1.0-56-cloud-amd64', { atMost: '6.1' }, true],
    ['6.1.55', { atMost: '6.1' }, true],
    ['6.10.1', { atMost: '6.9' }, false],
    ['5.15.153.1-microsoft-standard-WSL2', { atLeast: '5.16' }, false],
    ['5.16', { atLeast: '5.16.0', atMost: '5' }, true],
    ['unreadable', { atLeast: '2' }, false],
  ])('of %s in %j is %s', (release, range, ok) => {
    const result = judgeKernel({ check: 'kernel', range }, release);
    expect({ ok: result.ok, found: result.found, hasRemedy: result.remedy !== '' }).toEqual({
      ok,
      found: release,
      hasRemedy: !ok,
    });
  });
});

const version = fc.array(fc.nat(40), { minLength: 3, maxLength: 3 }).map((parts) => parts.join('.'));

describe('compareVersions', () => {
  it('is an order', () => {
    fc.assert(
      fc.property(version, version, version, (one, two, three) => {
        expect(Math.sign(compareVersions(one, two)) + Math.sign(compareVersions(two, one))).toBe(0);
        if (compareVersions(one, two) <= 0 && compareVersions(two, three) <= 0) {
          expect(compareVersions(one, three)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});
