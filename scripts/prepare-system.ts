/** Installs the system packages that Squall's programs come from, where it may; otherwise says what to install. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Each program that Squall or its tests start, and the Debian package that has it. */
const packageOf = {
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  ping: 'iputils-ping',
  fping: 'fping',
  ethtool: 'ethtool',
  iperf3: 'iperf3',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  openssl: 'openssl',
  unzip: 'unzip',
} as const;

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].filter(Boolean);

function isInstalled(program: string): boolean {
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function missingPackages(): string[] {
  return [...new Set(Object.entries(packageOf).flatMap(([program, name]) => (isInstalled(program) ? [] : [name])))];
}

function apt(args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', args, { stdio: 'inherit', env }).status === 0;
}

const missing = missingPackages();
const install = ['install', '--yes', '--no-install-recommends', ...missing];
if (missing.length > 0) {
  console.log(`missing system packages: ${missing.join(' ')}`);
  const mayInstall = process.getuid?.() === 0 && isInstalled('apt-get');
  // The lists of a fresh machine are empty or old; only then is fetching them worth the time.
  if (mayInstall && !apt(install) && apt(['update'])) apt(install);
}
const stillMissing = missingPackages();
if (stillMissing.length > 0) {
  const remedy = isInstalled('apt-get')
    ? `sudo apt-get install --no-install-recommends ${stillMissing.join(' ')}`
    : stillMissing.join(' ');
  console.error(`these system packages are missing; install them and start again:\n  ${remedy}`);
  process.exitCode = 1;
}
