import type { NodeTask } from '../api/index.ts';
import type { Cache, WatchTrouble } from '../store/index.ts';

/** What an agent can say of itself at any moment, to those who look after it. It is there once the first sweep is over. */
export type AgentView = {
  /** Those of this node. */
  tasks: Pick<Cache<NodeTask>, 'list' | 'onChange'>;
  /** Whether everything that was there for this node has been read once. */
  isStoreRead: () => boolean;
  /** How long the API server has not answered; undefined while it does. */
  serverAwayMs: () => number | undefined;
  /** Calls the listener whenever a watch of this node's work is interrupted. */
  onWatchTrouble: (listener: WatchTrouble) => void;
  /** Things that no task owns and that are still in kernels of this node: of a former life, or of work whose task has gone. */
  residue: () => number;
};
