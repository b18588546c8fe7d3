/** Kubernetes' label and field selectors in their query form. */
import { isLabelKey, isLabelValue } from './names.ts';
import { isRecord, type StoredObject } from './records.ts';
import { badRequest, type Outcome } from './status.ts';

/** Which objects of one resource are asked for. */
export type Selection = {
  namespace?: string;
  name?: string;
  /** Absent: every object of that namespace and name matches, and nobody needs to look into it. */
  matches?: (object: StoredObject) => boolean;
};

type Test = (labels: Record<string, string>) => boolean;

/** Besides metadata.name and metadata.namespace, the fields that say on which node something lives. */
const selectableFields = ['spec.nodeName', 'spec.node'];

export function readSelection(namespace: string | undefined, labelSelector: string, fieldSelector: string): Outcome<Selection> {
  const labels = readLabelSelector(labelSelector);
  if ('refusal' in labels) return labels;
  let name: string | undefined;
  const fieldTests: ((object: StoredObject) => boolean)[] = [];
  for (const text of fieldSelector.split(',').filter((part) => part !== '')) {
    const [, field = '', operator = '', value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(text) ?? [];
    if (operator === '!=' && field !== '') fieldTests.push((object) => fieldValue(object, field) !== value);
    else if (field === 'metadata.name' && name === undefined) name = value;
    else if (field !== '') fieldTests.push((object) => fieldValue(object, field) === value);
    if (!['metadata.name', 'metadata.namespace', ...selectableFields].includes(field)) {
      return badRequest(
        `fieldSelector '${text}': expected <field>=<value> with metadata.name, metadata.namespace, ${selectableFields.join(', ')}`,
      );
    }
  }
  const tests = labels.value.length + fieldTests.length;
  const matches = (object: StoredObject) =>
    labels.value.every((test) => test(object.metadata.labels ?? {})) && fieldTests.every((test) => test(object));
  return { value: { namespace, name, matches: tests === 0 ? undefined : matches } };
}

function fieldValue(object: StoredObject, path: string): string {
  let value: unknown = object;
  for (const field of path.split('.')) value = isRecord(value) ? value[field] : undefined;
  return typeof value === 'string' ? value : '';
}

function readLabelSelector(text: string): Outcome<Test[]> {
  const tests: Test[] = [];
  // Commas between requirements only: those within parentheses separate values.
  for (const part of text
    .split(/,(?![^(]*\))/)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')) {
    const test = readRequirement(part);
    if (test === undefined) {
      return badRequest(`labelSelector '${part}': expected key, !key, key=value, key!=value, key in (a,b) or key notin (a,b)`);
    }
    tests.push(test);
  }
  return { value: tests };
}

function readRequirement(text: string): Test | undefined {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  const equality = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/.exec(text);
  const existence = /^(!?)\s*([^\s=!]+)$/.exec(text);
  const key = set?.[1] ?? equality?.[1] ?? existence?.[2] ?? '';
  const operator = set?.[2] ?? equality?.[2] ?? existence?.[1];
  const values = (set?.[3] ?? equality?.[3] ?? '').split(',').map((value) => value.trim());
  if (!isLabelKey(key) || !values.every(isLabelValue)) return undefined;
  switch (operator) {
    case 'in':
    case '=':
    case '==':
      return (labels) => labels[key] !== undefined && values.includes(labels[key]);
    case 'notin':
    case '!=':
      return (labels) => labels[key] === undefined || !values.includes(labels[key]);
    case '!':
      return (labels) => labels[key] === undefined;
    case '':
      return (labels) => labels[key] !== undefined;
    default:
      return undefined;
  }
}
