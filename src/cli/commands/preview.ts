/** `squall preview`: who and what runs would hurt. It reads, and writes nothing anywhere. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { formatProblem, type Manifest, notImplementedYet } from '../../api/index.ts';
import { type ExperimentObject, experiments, previewRun, type RunPreview, type SpecReader } from '../../control/index.ts';
import { errorFacts, SquallError, systemClock } from '../../lib/index.ts';
import { keyText } from '../../store/index.ts';
import { withClusterOptions } from '../operate/cluster-choice.ts';
import { openWorld, type PreviewPlace, type WorldChoice } from '../operate/preview-world.ts';
import { renderPreview } from '../operate/preview-text.ts';
import { readCheckedManifests } from '../read-manifests.ts';
import { toExperiments } from '../run/wrap.ts';
import { defaultStateFolder } from '../state.ts';

type Output = 'text' | 'json';
type PreviewOptions = WorldChoice & { namespace?: string; for?: string; output: Output };

/** As a verdict of Refused has it. */
const refusedExit = 3;

/** Exit code 0; 3 when a run would be refused; 2 when a manifest is not good; 7 when there is no such run, or nobody to ask. */
export function previewCommand(): Command {
  return withClusterOptions(new Command('preview'))
    .description('show who and what runs would hurt if they were started now; nothing is written')
    .argument('<file-or-name...>', 'manifests, or names of experiments that a squall serve or a cluster has')
    .option('--lab <topology>', 'the pods and services of this topology, as its lab would be')
    .option('--for <duration>', 'duration of a NetworkTrafficShaper that names none, such as 30s')
    .option('-n, --namespace <namespace>', 'where experiments are that are named')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .option('--state <dir>', 'state folder of a squall serve or a lab', defaultStateFolder())
    .action(async (inputs: string[], options: PreviewOptions) => {
      process.exitCode = await preview(inputs, options);
    });
}

async function preview(inputs: readonly string[], options: PreviewOptions): Promise<number> {
  const files = inputs.filter(isFile);
  const { manifests, warnings, errors } = await readCheckedManifests(files, systemClock.now());
  for (const warning of warnings) process.stderr.write(`${formatProblem(warning, 'warning')}\n`);
  const problems = [...errors, ...manifests.flatMap(notImplementedYet)];
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (problems.length > 0) return errorFacts('InvalidInput').exit;
  const runnable = toExperiments(manifests, options.for) as ExperimentObject[];
  const place = await openWorld(options);
  try {
    const named = await Promise.all(inputs.filter((input) => !isFile(input)).map((name) => findRun(place, name, options)));
    const reader = readerOf(manifests, place);
    const previews: RunPreview[] = [];
    for (const object of [...runnable, ...named]) {
      const facts = { world: place.world, now: systemClock.now(), drawnSeed: randomBytes(6).toString('hex'), rules: place.rules };
      previews.push(await previewRun(reader, object, facts));
    }
    print(previews, options.output);
    return previews.some((one) => 'refusal' in one) ? refusedExit : 0;
  } finally {
    place.store?.close();
  }
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

function print(previews: readonly RunPreview[], output: Output): void {
  if (output === 'text') process.stdout.write(previews.map(renderPreview).join('\n'));
  else process.stdout.write(`${JSON.stringify(previews.length === 1 ? previews[0] : previews, null, 2)}\n`);
}
