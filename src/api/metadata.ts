/** The parts of Kubernetes' object shape that Squall uses. Field names are Kubernetes' own. */

export const group = 'networkmachinery.io';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;
/** Prefix of every label and annotation of ours. */
export const labelPrefix = 'squall.networkmachinery.io';
/** Label of a pod or a namespace that no fault may hurt, whatever selects it. */
export const excludeLabel = `${labelPrefix}/exclude`;
/** Label of a pod or a namespace that faults may hurt, where only those may be hurt that say so. */
export const includeLabel = `${labelPrefix}/include`;
/** The namespace that NodeTasks and run Leases live in. */
export const systemNamespace = 'squall-system';

export type OwnerReference = { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean };

export type ObjectMeta = {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
};

export type KubeObject<Spec = unknown, Status = unknown> = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: Spec;
  status?: Status;
};

/** A Kubernetes condition; `lastTransitionTime` changes only when `status` does. */
export type Condition = {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
};

export type LabelSelectorRequirement = { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] };
export type LabelSelector = { matchLabels?: Record<string, string>; matchExpressions?: LabelSelectorRequirement[] };

/** Kubernetes' own rule, except that an empty selector selects nothing: Squall never widens. */
export function selectorMatches(selector: LabelSelector, labels: Record<string, string> = {}): boolean {
  const wanted = Object.entries(selector.matchLabels ?? {});
  const requirements = selector.matchExpressions ?? [];
  if (wanted.length + requirements.length === 0) return false;
  return wanted.every(([key, value]) => labels[key] === value) && requirements.every((requirement) => meets(requirement, labels));
}

/** As an API server takes it in a query. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const words = matchExpressions.map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
      case 'NotIn':
        return `${key} ${operator.toLowerCase()} (${values.join(',')})`;
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
    }
  });
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...words].join(',');
}

function meets({ key, operator, values = [] }: LabelSelectorRequirement, labels: Record<string, string>): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
