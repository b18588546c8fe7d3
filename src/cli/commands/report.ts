import { dirname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { JournalRecord } from '../../api/index.ts';
import { readStoredJournal } from '../../cluster/index.ts';
import { SquallError } from '../../lib/index.ts';
import {
  buildReport,
  findRuns,
  readJournal,
  renderFiles,
  renderSummary,
  type ReportFile,
  type RunFolder,
} from '../../report/index.ts';
import { asksCluster, type ClusterChoice, openCluster, withClusterOptions } from '../operate/cluster-choice.ts';
import { defaultStateFolder, stateFiles } from '../state.ts';

type Output = 'text' | 'json' | 'html' | 'junit' | 'journal';
type ReportOptions = ClusterChoice & { namespace?: string; output: Output; state: string };

const files: Record<Exclude<Output, 'text'>, ReportFile> = {
  json: 'report.json',
  html: 'report.html',
  junit: 'junit.xml',
  journal: 'journal.jsonl',
};

/** Exit code 0 whatever the verdict was; 7 when there is no such run. Needs no running `squall serve`, and no operator. */
export function reportCommand(): Command {
  return withClusterOptions(new Command('report'))
    .description("print the report of a run: the newest of its name in the state folder's runs, or the one that a cluster keeps")
    .argument('<name>', 'the run')
    .option('-n, --namespace <namespace>', 'where the run is, when several namespaces have had one of its name')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', ...Object.keys(files)]).default('text'))
    .option('--state <dir>', 'state folder', defaultStateFolder())
    .action(async (name: string, options: ReportOptions) => {
      const { namespace, output, state } = options;
      if (asksCluster(options)) await printStored(name, options);
      else printLocal(newestRun(findRuns(stateFiles(resolve(state)).runs), name, namespace, state), output);
    });
}

/** @param runs the newest first */
export function newestRun(runs: readonly RunFolder[], name: string, namespace: string | undefined, state: string): RunFolder {
  const named = runs.filter((run) => run.name === name && (namespace === undefined || run.namespace === namespace));
  const namespaces = [...new Set(named.map((run) => run.namespace))];
  if (namespaces.length > 1) {
    throw new SquallError(
      'InvalidInput',
      `the namespaces ${namespaces.join(', ')} each have had a run '${name}'; name one with -n`,
    );
  }
  const [newest] = named;
  if (newest) return newest;
  const most = 20;
  const known = [...new Set(runs.map((run) => `${run.namespace}/${run.name}`))];
  const list =
    known.length === 0
      ? 'there is none of any run'
      : `there are ${known.slice(0, most).join(', ')}${known.length > most ? ', …' : ''}`;
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  throw new SquallError('NotFound', `${state} has no report of a run '${name}'${where}; ${list}`);
}

function printLocal({ folder, namespace, name }: RunFolder, output: Output): void {
  const file = join(folder, 'journal.jsonl');
  const records = readJournal(file);
  if (!records.some(({ type }) => type === 'verdict')) {
    process.stderr.write(`note: ${namespace}/${name} has no verdict yet: it is still running, or it was cut off\n`);
  }
  print(records, output, { folder: dirname(file) });
}

async function printStored(name: string, options: ReportOptions): Promise<void> {
  const { store, namespace } = await openCluster(options);
  try {
    print(await readStoredJournal(store, options.namespace ?? namespace, name), options.output, {});
  } finally {
    store.close();
  }
}

function print(records: readonly JournalRecord[], output: Output, where: { folder?: string }): void {
  process.stdout.write(output === 'text' ? renderSummary(buildReport(records), where) : renderFiles(records)[files[output]]);
}
