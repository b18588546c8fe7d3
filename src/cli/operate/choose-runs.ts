import { SquallError } from '../../lib/index.ts';

/** A run as far as it is needed to choose it. */
export type RunName = { namespace: string; name: string };

export type RunChoice = {
  /** Absent: every run, which may be none. */
  name?: string;
  namespace?: string;
};

/**
 * The runs that a command means, among those that are active.
 * @throws SquallError NotFound that names the active ones; InvalidInput when several namespaces have a run of the name
 */
export function chooseRuns<Run extends RunName>(active: readonly Run[], { name, namespace }: RunChoice): Run[] {
  const within = active.filter((run) => namespace === undefined || run.namespace === namespace);
  if (name === undefined) return within;
  const named = within.filter((run) => run.name === name);
  if (named.length === 1) return named;
  if (named.length > 1) {
    const namespaces = named.map((run) => run.namespace).join(', ');
    throw new SquallError('InvalidInput', `the namespaces ${namespaces} each have a run '${name}'; name one with -n`);
  }
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  throw new SquallError('NotFound', `no run '${name}' is active${where}; ${describeActive(active)}`);
}

const mostNames = 20;

function describeActive(active: readonly RunName[]): string {
  if (active.length === 0) return 'no run is';
  const names = active.slice(0, mostNames).map(({ namespace, name }) => `${namespace}/${name}`);
  return `active are ${names.join(', ')}${active.length > mostNames ? ', …' : ''}`;
}
