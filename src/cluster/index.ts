/**
 * How a cluster is reached, and what runs on one: the operator and the observer, which of several leads, and where the reports of runs are kept.
 * A kubeconfig, or the service account of a pod, comes in, and what the API server has.
 * Out go a transport with fresh credentials in every request, the reconcilers at work wherever the leader is, and reports as ConfigMaps.
 */
export { type ClusterConnection, connectToCluster } from './connect.ts';
export { clusterInstance } from './instance.ts';
export type { KubeconfigChoice } from './kubeconfig.ts';
export { type Observer, observerLease, type ObserverOptions, startObserver } from './observer/observe.ts';
export { type ObserverFacts, observerReadiness } from './observer/observer-readiness.ts';
export { type Operator, type OperatorOptions, startOperator } from './operator/operate.ts';
export { type OperatorFacts, operatorReadiness } from './operator/operator-readiness.ts';
export { operatorLease, operatorRulesOf, protectedByDefault } from './operator/rules.ts';
export { readStoredJournal, reportAnnotation } from './run-report.ts';
