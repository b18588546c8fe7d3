/** Who gets a profile, as options name them. */
import { SquallError } from '../../lib/index.ts';
import type { ProfileTarget } from './profile-shaper.ts';

/**
 * @param pods `namespace/name`, or a name in the namespace
 * @param selector labels such as `app=payments,tier=web`, of pods in the namespace
 * @throws SquallError InvalidInput
 */
export function targetsOf(pods: readonly string[], selector: string | undefined, namespace: string): ProfileTarget[] {
  if ((pods.length === 0) === (selector === undefined)) {
    throw new SquallError(
      'InvalidInput',
      'expected either --target NAMESPACE/NAME or --selector LABEL=VALUE: who gets the profile',
    );
  }
  if (selector !== undefined) return [{ kind: 'selector', namespace, targetSelector: { matchLabels: labelsOf(selector) } }];
  return pods.map((pod) => {
    const [first = '', second, ...more] = pod.split('/');
    const isNamed = first !== '' && second !== '' && more.length === 0;
    if (!isNamed) throw new SquallError('InvalidInput', `--target is '${pod}'; expected a pod as NAMESPACE/NAME, or as NAME`);
    return { kind: 'pod', namespace: second === undefined ? namespace : first, name: second ?? first };
  });
}

function labelsOf(selector: string): Record<string, string> {
  const pairs = selector.split(',').map((pair) => /^([^=!\s]+)=([^=\s]*)$/.exec(pair.trim()));
  if (pairs.includes(null)) {
    throw new SquallError('InvalidInput', `--selector is '${selector}'; expected LABEL=VALUE, several with commas between`);
  }
  return Object.fromEntries(pairs.map((match) => [match?.[1] ?? '', match?.[2] ?? '']));
}
