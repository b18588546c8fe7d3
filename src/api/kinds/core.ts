/** Kinds of Kubernetes that Squall reads, and that the embedded API server serves on one machine. Their content is not checked. */
import type { KindFacts } from './definition.ts';

function coreKind(
  apiVersion: string,
  kind: string,
  plural: string,
  options: { namespaced?: boolean; status?: boolean } = {},
): KindFacts {
  return {
    apiVersion,
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced: options.namespaced ?? true,
    status: options.status ?? false,
  };
}

export const coreKinds = {
  Pod: coreKind('v1', 'Pod', 'pods', { status: true }),
  Service: coreKind('v1', 'Service', 'services', { status: true }),
  Endpoints: coreKind('v1', 'Endpoints', 'endpoints'),
  Node: coreKind('v1', 'Node', 'nodes', { namespaced: false, status: true }),
  Namespace: coreKind('v1', 'Namespace', 'namespaces', { namespaced: false, status: true }),
  Event: coreKind('events.k8s.io/v1', 'Event', 'events'),
  ConfigMap: coreKind('v1', 'ConfigMap', 'configmaps'),
  Lease: coreKind('coordination.k8s.io/v1', 'Lease', 'leases'),
  PodDisruptionBudget: coreKind('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', { status: true }),
  EndpointSlice: coreKind('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices'),
} as const;
