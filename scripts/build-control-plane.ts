/** Gets the programs of test:cluster ready: they take minutes to build, once, and what waits for them can do something else meanwhile. */
import { findBinaries } from '../test/cluster/server/binaries.ts';

await findBinaries(console.log);
