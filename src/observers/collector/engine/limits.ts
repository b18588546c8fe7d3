/** What the engine holds at most, and what it believes of datagrams that anybody can forge. */
export type EngineLimits = {
  agents: number;
  /** Of all agents together. */
  dataSources: number;
  /** Of all definitions together, which share it evenly; of one that is full, the flow that was sampled longest ago leaves. */
  flows: number;
  /** Definitions, those that armings have of their own included. */
  runningFlows: number;
  /**
   * A sample that says it stands for more packets is counted and not used: one of 2^32 - 1 would be an alarm by itself, and hide all others, which the
   * detector weighs against the heaviest. Real samplers stay far below.
   */
  samplingRate: number;
  /** A packet that says it is longer is counted and not used. */
  frameLength: number;
  subscriptions: number;
  /** Each of flows, thresholds and armings of a subscription. */
  ofSubscription: number;
  /** In a view: those that are lost, then those of the most datagrams. */
  agentsInView: number;
  /** A silent agent leaves after so long, and sooner where a new one has no room; of data sources that holds, too. */
  forgetAgentAfterMs: number;
  makeRoomAfterMs: number;
};

export const usualLimits: EngineLimits = {
  agents: 4096,
  dataSources: 16_384,
  flows: 32_768,
  runningFlows: 512,
  samplingRate: 2 ** 20,
  frameLength: 2 ** 20,
  subscriptions: 256,
  ofSubscription: 64,
  agentsInView: 64,
  forgetAgentAfterMs: 600_000,
  makeRoomAfterMs: 75_000,
};

/** How many packets are remembered in each of two generations: the first does for a table that is nearly full, without moving any. */
export const decisionsFor = (mostFlows: number): number => Math.ceil(0.75 * mostFlows);
