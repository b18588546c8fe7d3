/** sFlow-RT, both ways: its REST subset over a collector of ours, and a client of an external one. */
export { createSflowRtClient, type SflowRtClientLimits, type SflowRtClientOptions } from './client/create-client.ts';
export type { ActiveFlow as SflowRtActiveFlow, ActiveFlowsQuery, SflowRtCollector } from './collector-port.ts';
export {
  type SflowRtServer,
  type SflowRtServerLimits,
  type SflowRtServerOptions,
  startSflowRtServer,
} from './server/start-server.ts';
