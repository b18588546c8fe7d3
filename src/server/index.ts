/**
 * HTTP for people and for Prometheus: /metrics, /healthz and /readyz, on loopback unless told otherwise; it only answers, it orders nothing.
 * Objects from the store, and what the rest of the process reports while it works (`Metrics`), come in.
 * The text of every metric, and the reasons why this machine is or is not ready, go out.
 */
export { agentReadinessOf } from './agent-readiness.ts';
export { type AgentMetrics, createAgentMetrics } from './agent-metrics.ts';
export { followStore, type StoreView } from './follow-store.ts';
export { formatAddress, type HttpAddress, type HttpServer, isLoopback, startHttpServer } from './http-server.ts';
export { createMetrics, type Metrics, type ProcessUsage } from './metrics.ts';
export { createObserverMetrics, type ObserverMetrics } from './observer-metrics.ts';
export { readProcessUsage } from './process-usage.ts';
export { type AgentLease, residueByNode, totalResidue } from './residue.ts';
export { tellWatchTrouble } from './tell-watch-trouble.ts';
export { type ReadinessFacts, readinessOf, type ReadinessReason } from './readiness.ts';
