import { Command, Option } from 'commander';
import { formatInstant, systemClock } from '../../lib/index.ts';
import { connectToServe } from '../operate/connect.ts';
import { renderStatus, statusLines } from '../operate/status-text.ts';
import { type StatusFacts, viewStatus } from '../operate/status-view.ts';
import { gatherStatus, watchStatus } from '../operate/watch-status.ts';
import { defaultStateFolder } from '../state.ts';

type Output = 'text' | 'json';
type StatusOptions = { watch?: true; namespace?: string; output: Output; state: string };

const clearScreen = '\u001b[H\u001b[2J\u001b[3J';

/** Exit code 0; 7 when nobody works on the state folder. */
export function statusCommand(): Command {
  return new Command('status')
    .description('show runs, schedules, problems of the folder, and residue')
    .option('-w, --watch', 'show every change, until Ctrl-C')
    .option('-n, --namespace <namespace>', 'only what is in it')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .option('--state <dir>', 'state folder of a running squall serve', defaultStateFolder())
    .action(async ({ watch, namespace, output, state }: StatusOptions) => {
      const store = await connectToServe(state);
      try {
        if (watch === undefined) process.stdout.write(print(await gatherStatus(store), namespace, output));
        else await follow(store, namespace, output);
      } finally {
        store.close();
      }
    });
}

function print(facts: StatusFacts, namespace: string | undefined, output: Output): string {
  const now = systemClock.now();
  const view = viewStatus(facts, namespace, now);
  return output === 'json' ? `${JSON.stringify(view, null, 2)}\n` : renderStatus(view, now);
}

async function follow(store: Parameters<typeof gatherStatus>[0], namespace: string | undefined, output: Output): Promise<void> {
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
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
  try {
    await watchStatus({
      store,
      clock: systemClock,
      random: Math.random,
      signal: stopping.signal,
      show: redraw ? (facts) => process.stdout.write(clearScreen + print(facts, namespace, output)) : append,
      trouble: (text) => process.stderr.write(`the connection was lost and is tried again: ${text}\n`),
    });
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** What changes by the clock alone is no news. */
function withoutTimeLeft(view: ReturnType<typeof viewStatus>): unknown {
  return { ...view, experiments: view.experiments.map((row) => ({ ...row, timeLeftMs: undefined })) };
}
