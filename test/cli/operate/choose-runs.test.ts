import { describe, expect, it } from 'vitest';
import { chooseRuns } from '../../../src/cli/operate/choose-runs.ts';

const active = [
  { namespace: 'shop', name: 'slow' },
  { namespace: 'bank', name: 'slow' },
  { namespace: 'shop', name: 'lossy' },
];

describe('choosing runs', () => {
  it.each([
    ['every run', {}, ['shop/slow', 'bank/slow', 'shop/lossy']],
    ['every run of a namespace', { namespace: 'shop' }, ['shop/slow', 'shop/lossy']],
    ['the one run of a name', { name: 'lossy' }, ['shop/lossy']],
    ['the run of a name in a namespace', { name: 'slow', namespace: 'bank' }, ['bank/slow']],
    ['nothing where nothing is', { namespace: 'zoo' }, []],
  ])('takes %s', (_title, choice, expected) => {
    expect(chooseRuns(active, choice).map(({ namespace, name }) => `${namespace}/${name}`)).toEqual(expected);
  });

  it.each([
    [
      'names the active runs when there is no such run',
      active,
      { name: 'fast' },
      'NotFound',
      /shop\/slow, bank\/slow, shop\/lossy/,
    ],
    [
      'looks into the namespace only',
      active,
      { name: 'lossy', namespace: 'bank' },
      'NotFound',
      /'lossy' is active in namespace bank/,
    ],
    ['says when nothing is active', [], { name: 'slow' }, 'NotFound', /no run is$/],
    ['does not guess between namespaces', active, { name: 'slow' }, 'InvalidInput', /shop, bank .*-n/],
  ])('%s', (_title, runs, choice, code, message) => {
    const choose = () => chooseRuns(runs, choice);
    expect(choose).toThrow(message);
    expect(choose).toThrow(expect.objectContaining({ code }));
  });
});
