/**
 * How a cluster is reached, and what runs on one. A kubeconfig, or the service account of a pod, comes in.
 * Out goes a transport for the store's client, with fresh credentials in every request.
 */
export { type ClusterConnection, connectToCluster } from './connect.ts';
export type { KubeconfigChoice } from './kubeconfig.ts';
