import { gunzipSync, gzipSync } from 'node:zlib';
import { coreKinds, type JournalRecord, labelPrefix, type ObjectMeta, runUidLabel } from '../api/index.ts';
import { type ExperimentObject, experiments } from '../control/index.ts';
import { codeOf, SquallError } from '../lib/index.ts';
import { buildReport, journalLine, parseJournal, renderJson } from '../report/index.ts';
import type { AnyObject, ObjectKey, Resource, Store, Stored } from '../store/index.ts';

type ReportMap = AnyObject & { metadata: ObjectMeta; binaryData?: Record<string, string> };

const configMaps: Resource<ReportMap> = coreKinds.ConfigMap;

/** On a run whose report is stored: the name of the ConfigMap that has it. */
export const reportAnnotation = `${labelPrefix}/report`;
const journalFile = 'journal.jsonl.gz';
const reportFile = 'report.json.gz';
/** Of all files of one report, as they are stored. */
const mostBytes = 512 * 1024;

export function reportName(run: string): string {
  return `${run}-report`;
}

/**
 * Stores the report of a run that is over as a gzip ConfigMap that the run owns, and says so on the run. Doing it again changes
 * nothing. Rejects with AlreadyExists when somebody else's ConfigMap has that name.
 */
export async function storeReport(
  store: Store,
  { metadata }: Stored<ExperimentObject>,
  records: readonly JournalRecord[],
): Promise<void> {
  const { namespace = 'default', name: run, uid } = metadata;
  const name = reportName(run);
  const owner = { apiVersion: experiments.apiVersion, kind: experiments.kind, name: run, uid };
  const object: ReportMap = {
    apiVersion: configMaps.apiVersion,
    kind: configMaps.kind,
    metadata: { name, namespace, labels: { [runUidLabel]: uid }, ownerReferences: [owner] },
    binaryData: packReport(records),
  };
  try {
    await store.create(configMaps, object);
  } catch (error) {
    if (codeOf(error) !== 'AlreadyExists') throw error;
    await replaceOlder(store, object, { namespace, name });
  }
  await store.patchMetadata(experiments, { namespace, name: run }, { annotations: { [reportAnnotation]: name } });
}

/** A report of a former run of this name, which the garbage collector has not come to yet, gives way; nothing else does. */
async function replaceOlder(store: Store, object: ReportMap, key: ObjectKey): Promise<void> {
  const present = await store.get(configMaps, key);
  const ofRun = present.metadata.labels?.[runUidLabel];
  if (ofRun === undefined) {
    throw new SquallError(
      'AlreadyExists',
      `the ConfigMap ${key.namespace ?? ''}/${key.name} is not a report; rename it or delete it`,
    );
  }
  if (ofRun === object.metadata.labels?.[runUidLabel]) return;
  await store.update(configMaps, {
    ...object,
    metadata: { ...object.metadata, resourceVersion: present.metadata.resourceVersion },
  });
}

/**
 * The journal of a run as its report has it: every other form of a report is made from that. Rejects with NotFound when there is no such run, or no
 * report of it yet.
 */
export async function readStoredJournal(store: Store, namespace: string, run: string): Promise<JournalRecord[]> {
  const { records, tail } = parseJournal(unpack(await readMap(store, namespace, run), journalFile));
  if (tail.kind === 'none') return records;
  throw new SquallError('InvalidInput', `the report of ${namespace}/${run} is damaged after record ${String(records.length)}`);
}

async function readMap(store: Store, namespace: string, run: string): Promise<ReportMap> {
  try {
    return await store.get(configMaps, { namespace, name: reportName(run) });
  } catch (error) {
    if (codeOf(error) !== 'NotFound') throw error;
    const object = await store.get(experiments, { namespace, name: run });
    const phase = object.status?.phase ?? 'pending';
    const why = phase === 'done' ? 'it is about to be written' : `it is in phase '${phase}'`;
    throw new SquallError('NotFound', `${namespace}/${run} has no report yet: ${why}`);
  }
}

function unpack({ metadata, binaryData }: ReportMap, file: string): Buffer {
  const packed = binaryData?.[file];
  if (packed === undefined) {
    throw new SquallError('NotFound', `the ConfigMap ${metadata.namespace ?? ''}/${metadata.name} has no ${file}`);
  }
  return gunzipSync(Buffer.from(packed, 'base64'));
}

/** Both files, or the most of them that fits: first the journal's own repetitions go, then the manifest. */
function packReport(records: readonly JournalRecord[]): Record<string, string> {
  for (const kept of [records, withoutDetails(records), withoutDetails(withoutManifest(records))]) {
    const journal = gzipSync(kept.map(journalLine).join(''));
    const report = gzipSync(renderJson(buildReport(kept)));
    if (journal.length + report.length <= mostBytes) {
      return { [journalFile]: journal.toString('base64'), [reportFile]: report.toString('base64') };
    }
  }
  throw new SquallError(
    'InvalidInput',
    `the report is larger than ${String(mostBytes)} bytes, even without manifest and details`,
  );
}

/** Without what no verdict depends on, and with a word that it was left out. */
function withoutDetails(records: readonly JournalRecord[]): JournalRecord[] {
  const kept = records.filter(({ type }) => type !== 'samples' && type !== 'warning' && type !== 'preflight');
  const last = kept.at(-1);
  if (!last) return kept;
  const message = `samples, checks and warnings were left out: the report would be larger than ${String(mostBytes)} bytes`;
  const { time, run } = last;
  return renumbered([...kept.slice(0, -1), { time, run, sequence: 0, type: 'warning', message }, last]);
}

function withoutManifest(records: readonly JournalRecord[]): JournalRecord[] {
  return records.map((record) => (record.type === 'created' ? { ...record, manifest: null } : record));
}

function renumbered(records: readonly JournalRecord[]): JournalRecord[] {
  return records.map((record, index) => ({ ...record, sequence: index + 1 }));
}
