/** A server that a test may kill: `node server-process.ts FOLDER`; it prints `ready` once it listens. */
import { join } from 'node:path';
import { startEmbeddedServer } from '../../src/embedded/index.ts';
import { codeOf, messageOf, systemClock } from '../../src/lib/index.ts';
import { servedResources } from '../store/resources.ts';

const folder = process.argv[2] ?? '.';
try {
  await startEmbeddedServer({
    database: join(folder, 'store.db'),
    socket: join(folder, 'api.sock'),
    resources: servedResources,
    clock: systemClock,
    limits: { maxEventBytes: 4 * 1024 * 1024, bookmarkMs: 200 },
  });
  console.log('ready');
} catch (error) {
  console.log(codeOf(error), messageOf(error));
  process.exitCode = 1;
}
