import { describe, expect, it } from 'vitest';
import { asksCluster, type ClusterChoice } from '../../../src/cli/operate/cluster-choice.ts';

describe('asksCluster', () => {
  it.each<[string, ClusterChoice, Record<string, string>, boolean]>([
    ['nothing is said', {}, {}, false],
    ['it is told to', { cluster: true }, {}, true],
    ['a kubeconfig is given', { kubeconfig: 'file' }, {}, true],
    ['a context is given', { context: 'one' }, {}, true],
    ['kubectl has started it', {}, { SQUALL_CLUSTER: '1' }, true],
    ['only kubectl has a kubeconfig', {}, { KUBECONFIG: 'file' }, false],
  ])('when %s', (_what, choice, env, expected) => {
    expect(asksCluster(choice, env)).toBe(expected);
  });
});
