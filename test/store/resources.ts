import type { EmbeddedResource } from '../../src/embedded/index.ts';

export const servedResources: EmbeddedResource[] = [
  { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true, status: false },
  { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false, status: true },
  { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, status: true },
  { apiVersion: 'networkmachinery.io/v1alpha1', kind: 'NodeTask', plural: 'nodetasks', namespaced: true, status: true },
];
