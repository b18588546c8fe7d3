// Makes a fresh clone ready: npm packages, system packages, build. Plain JavaScript for old Nodes: the Node that runs the rest
// is one of the npm packages. When nothing is missing it ends within a second.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const installedLock = join(root, 'node_modules', '.package-lock.json');
const node = join(root, 'node_modules', 'node', 'bin', 'node');

if (!existsSync(node) || !matchesLock()) installNpmPackages();
run(node, [join(root, 'scripts', 'prepare-system.ts')]);
run(node, [join(root, 'scripts', 'build.ts')]);

/** Every package of package-lock.json is there in its version; packages for other systems may be absent. */
function matchesLock() {
  if (!existsSync(installedLock)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || (path in installed ? installed[path].version === version : optional === true),
  );
}

function installNpmPackages() {
  console.log('installing npm packages (npm ci)');
  // npm ci empties node_modules: npm itself must run on a Node from elsewhere.
  const path = (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => !folder.startsWith(join(root, 'node_modules')))
    .join(':');
  run('npm', ['ci', '--no-audit', '--no-fund'], { ...process.env, PATH: path });
}

function run(program, args, env = process.env) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env });
  if (error !== undefined) console.error(`could not start ${program}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
