/**
 * Builds the optional addon native/squall-netns.c into native/build/. One call of the C compiler: Node-API has the same headers for every
 * Node, so that neither node-gyp nor the headers of this Node are needed, but any of those below, and Debian's libnftables-dev.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const headerFolders = [
  join(root, 'node_modules/node-api-headers/include'),
  join(dirname(process.execPath), '../include/node'),
  '/usr/include/node',
];

const headers = headerFolders.find((folder) => existsSync(join(folder, 'node_api.h')));
if (headers === undefined) {
  console.error("there is no node_api.h: install Debian's libnode-dev, or the npm package node-api-headers");
  process.exit(1);
}
const output = join(root, 'native/build/squall-netns.node');
mkdirSync(dirname(output), { recursive: true });
const warnings = ['-Wall', '-Wextra', '-Werror'];
const source = join(root, 'native/squall-netns.c');
const args = [
  '-std=gnu11',
  '-O2',
  '-shared',
  '-fPIC',
  '-pthread',
  ...warnings,
  `-I${headers}`,
  '-o',
  output,
  source,
  '-lnftables',
];
const { status, error } = spawnSync('cc', args, { stdio: 'inherit' });
if (error !== undefined) console.error(`could not start cc: ${error.message}`);
if (status !== 0) {
  console.error('without nftables/libnftables.h or libnftables.so: install libnftables-dev');
  process.exit(1);
}
console.log(`built ${output}`);
