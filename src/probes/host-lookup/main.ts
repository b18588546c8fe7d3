/**
 * Looks host names up: a program of its own that runs once inside a target's network namespace, so that its questions to name servers leave as
 * the target's would. It reads one JSON line (HostLookupRequest) from standard input, prints one JSON line (HostLookupLine) for each
 * name, and ends. It stands alone, and it reads the target's files itself: a file system that does not answer keeps nobody else waiting.
 */
import { closeSync, readFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { createInterface } from 'node:readline';
import { readInRoot } from './file-in-root.ts';
import { type Ask, lookUp, type NameFiles } from './look-up.ts';
import { type HostLookupLine, type HostLookupRequest, inheritedRoot } from './protocol.ts';
import { parseResolvConf, patienceOf } from './resolv-conf.ts';

function readFiles({ files }: HostLookupRequest): NameFiles {
  if (files === 'in-inherited-root') {
    const read = (path: string) => readInRoot(inheritedRoot, path) ?? '';
    const found = { configuration: parseResolvConf(read('etc/resolv.conf')), hostsFile: read('etc/hosts') };
    // Held no longer than it is needed: it may be about to be unmounted.
    closeSync(inheritedRoot);
    return found;
  }
  return { configuration: parseResolvConf(readIfThere(files.resolvConf)), hostsFile: readIfThere(files.hosts) };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** c-ares, which Node asks, knows no search list here: every name is asked for as it is. */
function askerOf({ configuration }: NameFiles, withinMs: number): Ask {
  const { timeoutMs, tries } = patienceOf(configuration, withinMs);
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  resolver.setServers(configuration.servers.map((server) => (server.includes(':') ? `[${server}]` : server)));
  return async (name, family) => {
    try {
      const records = family === 4 ? await resolver.resolve4(name, { ttl: true }) : await resolver.resolve6(name, { ttl: true });
      return { records };
    } catch (error) {
      return { error: (error as NodeJS.ErrnoException).code ?? String(error) };
    }
  };
}

async function answer(request: HostLookupRequest): Promise<HostLookupLine[]> {
  const { hosts, withinMs } = request;
  const files = readFiles(request);
  const ask = askerOf(files, withinMs);
  const late = new Promise<undefined>((resolve) => {
    setTimeout(resolve, withinMs, undefined);
  });
  const servers = files.configuration.servers.join(', ');
  return await Promise.all(
    hosts.map(async (host) => {
      const found = await Promise.race([lookUp(host, files, ask), late]);
      return found ?? { host, error: `no answer by name server ${servers} within ${String(withinMs)} ms` };
    }),
  );
}

createInterface({ input: process.stdin }).once('line', (line) => {
  answer(JSON.parse(line) as HostLookupRequest).then(
    (lines) => {
      process.stdout.write(lines.map((one) => `${JSON.stringify(one)}\n`).join(''), () => process.exit(0));
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`, () => process.exit(1));
    },
  );
});
