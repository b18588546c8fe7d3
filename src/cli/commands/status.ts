import { Command, Option } from 'commander';
import { formatInstant, systemClock } from '../../lib/index.ts';
import type { Store } from '../../store/index.ts';
import { endingSignal } from '../ending-signal.ts';
import { asksCluster, type ClusterChoice, openCluster, withClusterOptions } from '../operate/cluster-choice.ts';
import { connectToServe } from '../operate/connect.ts';
import { renderStatus, statusLines } from '../operate/status-text.ts';
import { type StatusFacts, viewStatus } from '../operate/status-view.ts';
import { type ClusterScope, gatherStatus, watchStatus } from '../operate/watch-status.ts';
import { defaultStateFolder } from '../state.ts';

type Output = 'text' | 'json';
type StatusOptions = ClusterChoice & { watch?: true; namespace?: string; output: Output; state: string };

const clearScreen = '\u001b[H\u001b[2J\u001b[3J';

/** Exit code 0; 7 when nobody works on the state folder. */
export function statusCommand(): Command {
  return withClusterOptions(new Command('status'))
    .description('show runs, schedules, monitors, problems of the folder, and residue')
    .option('-w, --watch', 'show every change, until Ctrl-C')
    .option('-n, --namespace <namespace>', 'only what is in it (of a cluster always one: without it that of the context)')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .option('--state <dir>', 'state folder of a running squall serve', defaultStateFolder())
    .action(async (options: StatusOptions) => {
      const { watch, output } = options;
      const place = asksCluster(options) ? await onCluster(options) : await onThisMachine(options);
      try {
        if (watch === undefined)
          process.stdout.write(print(await gatherStatus(place.store, place.scope), place.namespace, output));
        else await follow(place, output);
      } finally {
        place.store.close();
      }
    });
}

/** `namespace`: what is shown of it; absent: everything. */
type Place = { store: Store; scope?: ClusterScope; namespace?: string };

async function onThisMachine({ namespace, state }: StatusOptions): Promise<Place> {
  return { store: await connectToServe(state), ...(namespace === undefined ? {} : { namespace }) };
}

async function onCluster(options: StatusOptions): Promise<Place> {
  const { store, namespace: ofContext } = await openCluster(options);
  const namespace = options.namespace ?? ofContext;
  return { store, scope: { namespace }, namespace };
}

function print(facts: StatusFacts, namespace: string | undefined, output: Output): string {
  const now = systemClock.now();
  const view = viewStatus(facts, namespace, now);
  return output === 'json' ? `${JSON.stringify(view, null, 2)}\n` : renderStatus(view, now);
}

async function follow({ store, scope, namespace }: Place, output: Output): Promise<void> {
  using ending = endingSignal({ second: 'ends' });
  const redraw = process.stdout.isTTY && output === 'text';
  let shown: string[] = [];
  const append = (facts: StatusFacts): void => {
    const view = viewStatus(facts, namespace, systemClock.now());
    // JSON is one document a line, whole; text is the lines that have changed.
    const lines = output === 'json' ? [JSON.stringify(withoutTimeLeft(view))] : statusLines(view);
    const fresh = lines.filter((line) => !shown.includes(line));
    shown = lines;
    const prefix = output === 'json' ? '' : `${formatInstant(systemClock.now())} `;
    for (const line of fresh) process.stdout.write(`${prefix}${line}\n`);
  };
  await watchStatus({
    store,
    ...(scope ? { scope } : {}),
    clock: systemClock,
    random: Math.random,
    signal: ending.signal,
    show: redraw ? (facts) => process.stdout.write(clearScreen + print(facts, namespace, output)) : append,
    trouble: (text) => process.stderr.write(`the connection was lost and is tried again: ${text}\n`),
  });
}

/** What changes by the clock alone is no news. */
function withoutTimeLeft(view: ReturnType<typeof viewStatus>): unknown {
  return {
    ...view,
    experiments: view.experiments.map((row) => ({ ...row, timeLeftMs: undefined })),
    monitors: view.monitors.map((row) => ({ ...row, heartbeatAgeMs: undefined })),
  };
}
