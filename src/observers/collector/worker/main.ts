/** The thread of a collector: `openCollector` starts it. */
import { createNetworkEngine } from '../network-engine.ts';
import { runWorker } from './run-worker.ts';

await runWorker(createNetworkEngine);
