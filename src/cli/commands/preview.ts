/** `squall preview`: who and what runs would hurt. It reads, and writes nothing anywhere. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { formatProblem, type Manifest, notImplementedYet } from '../../api/index.ts';
import {
  type ExperimentObject,
  experiments,
  previewRun,
  type RunPreview,
  type SpecReader,
  type TargetRules,
} from '../../control/index.ts';
import { errorFacts, SquallError, systemClock } from '../../lib/index.ts';
import { keyText } from '../../store/index.ts';
import { endingSignal } from '../ending-signal.ts';
import { withClusterOptions } from '../operate/cluster-choice.ts';
import { monitorsIn } from '../operate/preview-traffic.ts';
import { openWorld, type PreviewPlace, type WorldChoice } from '../operate/preview-world.ts';
import { readTargetRules, type TargetOptions, withTargetOptions } from '../operate/target-options.ts';
import { renderPreview } from '../operate/preview-text.ts';
import { readCheckedManifests } from '../read-manifests.ts';
import { toExperiments } from '../run/wrap.ts';
import { defaultStateFolder } from '../state.ts';

type Output = 'table' | 'json' | 'yaml';
type PreviewOptions = Omit<WorldChoice, 'targets'> &
  TargetOptions & { namespace?: string; for?: string; output: Output; watch?: boolean };

/** As a verdict of Refused has it. */
const refusedExit = 3;
const lookEveryMs = 1000;

/** Exit code 0; 3 when a run would be refused; 2 when a manifest is not good; 7 when there is no such run, or nobody to ask. */
export function previewCommand(): Command {
  return withTargetOptions(withClusterOptions(new Command('preview')))
    .description('show who and what runs would hurt if they were started now; nothing is written')
    .argument('<file-or-name...>', 'manifests, or names of experiments that a squall serve or a cluster has')
    .option('--lab <topology>', 'the pods and services of this topology, as its lab would be')
    .option('--for <duration>', 'duration of a NetworkTrafficShaper that names none, such as 30s')
    .option('-n, --namespace <namespace>', 'where experiments are that are named')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['table', 'json', 'yaml']).default('table'))
    .option('-w, --watch', 'show it again whenever it changes, until Ctrl-C')
    .option('--state <dir>', 'state folder of a squall serve or a lab', defaultStateFolder())
    .action(async (inputs: string[], options: PreviewOptions) => {
      process.exitCode = await preview(inputs, options);
    });
}

/** What a preview says, and the exit code that goes with it. `lasting` is the text without traffic, which is another one at every look. */
type Look = { code: number; problems: string; text: string; lasting: string };

async function preview(inputs: readonly string[], options: PreviewOptions): Promise<number> {
  if (options.watch === true && inputs.includes('-')) {
    throw new SquallError('InvalidInput', "--watch: standard input can be read only once; name a file instead of '-'");
  }
  // Drawn once: while it is watched, what changes is what has changed.
  const drawnSeed = randomBytes(6).toString('hex');
  let { code, ...shown } = tell(await look(inputs, options, drawnSeed));
  if (options.watch !== true) return code;
  using ending = endingSignal({ second: 'ends' });
  for (;;) {
    await systemClock.sleep(lookEveryMs, ending.signal).catch(() => undefined);
    if (ending.signal.aborted) return code;
    const next = await look(inputs, options, drawnSeed);
    if (next.lasting !== shown.lasting || next.problems !== shown.problems) ({ code, ...shown } = tell(next));
  }
}

function tell(seen: Look): Look {
  process.stderr.write(seen.problems);
  process.stdout.write(seen.text);
  return seen;
}

async function look(inputs: readonly string[], options: PreviewOptions, drawnSeed: string): Promise<Look> {
  const files = inputs.filter(isFile);
  const { manifests, warnings, errors } = await readCheckedManifests(files, systemClock.now());
  const wrong = [...errors, ...manifests.flatMap(notImplementedYet)];
  const lines = [
    ...warnings.map((warning) => formatProblem(warning, 'warning')),
    ...wrong.map((problem) => formatProblem(problem)),
  ];
  const problems = lines.map((line) => `${line}\n`).join('');
  if (wrong.length > 0) return { code: errorFacts('InvalidInput').exit, problems, text: '', lasting: '' };
  const runnable = toExperiments(manifests, options.for) as ExperimentObject[];
  const targets = readTargetRules(options);
  const place = await openWorld({ ...options, targets });
  try {
    if (place.store) expectNoRules(targets);
    const named = await Promise.all(inputs.filter((input) => !isFile(input)).map((name) => findRun(place, name, options)));
    const reader = readerOf(manifests, place);
    const previews: RunPreview[] = [];
    for (const object of [...runnable, ...named]) {
      const monitors = await monitorsIn(place.store, object.metadata.namespace ?? 'default');
      const facts = { world: place.world, now: systemClock.now(), drawnSeed, rules: place.rules, monitors };
      previews.push(await previewRun(reader, object, facts));
    }
    const code = previews.some((one) => 'refusal' in one) ? refusedExit : 0;
    const lasting = previews.map((one) => ('refusal' in one ? one : { ...one, traffic: undefined }));
    return { code, problems, text: render(previews, options.output), lasting: render(lasting, options.output) };
  } finally {
    place.store?.close();
  }
}

/** @throws SquallError InvalidInput where somebody answers who has been told his own, which count there */
function expectNoRules(given: TargetRules): void {
  if (isDeepStrictEqual(given, readTargetRules({ protectedNamespaces: 'none' }))) return;
  throw new SquallError(
    'InvalidInput',
    '--protected-namespaces, --opt-in, --max-… and the like are for a lab by itself: whoever controls runs here was told his own, which count; leave them out',
  );
}

/** A name is no path: it has no slash and no dot at its end that YAML or JSON files have. */
function isFile(input: string): boolean {
  return input === '-' || /[/\\]|\.(ya?ml|json)$/.test(input) || existsSync(input);
}

async function findRun({ store, namespace }: PreviewPlace, name: string, options: PreviewOptions): Promise<ExperimentObject> {
  if (store === undefined) {
    throw new SquallError(
      'InvalidInput',
      `'${name}' is no file, and experiments by name are only in a squall serve or a cluster; give a file, or leave --lab out`,
    );
  }
  return await store.get(experiments, { namespace: options.namespace ?? namespace ?? 'default', name });
}

/** What experiments refer to: in the same input, else where runs are. */
function readerOf(manifests: readonly Manifest[], { store }: PreviewPlace): SpecReader {
  return {
    get: async (resource, key) => {
      const found = manifests.find(
        ({ kind, object: { metadata } }) =>
          kind === resource.kind &&
          metadata.name === key.name &&
          (!resource.namespaced || (metadata.namespace ?? 'default') === key.namespace),
      );
      if (found) return found.object;
      if (store) return await store.get(resource, key);
      throw new SquallError('NotFound', `there is no ${resource.kind} ${keyText(key)} in the input`);
    },
  };
}

function render(previews: readonly RunPreview[], output: Output): string {
  const all = previews.length === 1 ? previews[0] : previews;
  const texts: Record<Output, () => string> = {
    table: () => previews.map(renderPreview).join('\n'),
    json: () => `${JSON.stringify(all, null, 2)}\n`,
    yaml: () => stringify(all),
  };
  return texts[output]();
}
