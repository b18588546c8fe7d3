import { SquallError } from '../lib/index.ts';
import type { HostLookupLine, HostLookupRequest } from './host-lookup/protocol.ts';
import { type NamespaceFile, startInNamespace } from './start-in-namespace.ts';

/** Where a target's resolv.conf and hosts file are: below a folder that was opened, of which only the number is told, or at absolute paths. */
export type HostNameFiles = { root: number } | { resolvConf: string; hosts: string };

export type HostLookupOptions = {
  namespace: NamespaceFile;
  hosts: readonly string[];
  files: HostNameFiles;
  /** The JavaScript file of the program that looks up; the Node that runs us runs it. */
  program: string;
  signal: AbortSignal;
};

/** A name server that is silent is given up before the program is. */
const [withinMs, killedAfterMs] = [3500, 5000];

/**
 * Starts looking names up from inside a namespace; what `files` names is needed no more once this returns. The answers have a line for each
 * name within 5 s; they reject with Unavailable when the signal fires, or the program fails, and then nothing is known.
 * @throws SquallError NotFound when the file no longer names the namespace
 */
export function startHostLookup({ namespace, hosts, files, program, signal }: HostLookupOptions): {
  answers: Promise<HostLookupLine[]>;
} {
  signal.throwIfAborted();
  const request: HostLookupRequest = { hosts: [...hosts], files: 'root' in files ? 'in-inherited-root' : files, withinMs };
  const lines: string[] = [];
  const lookup = startInNamespace(
    namespace,
    process.execPath,
    [program],
    // More lines than names could only come of a program that is broken.
    {
      stdout: (line) => {
        if (lines.length < hosts.length) lines.push(line);
      },
    },
    `${JSON.stringify(request)}\n`,
    'root' in files ? files.root : undefined,
  );
  const kill = () => {
    lookup.kill('SIGKILL');
  };
  const timer = setTimeout(kill, killedAfterMs);
  signal.addEventListener('abort', kill, { once: true });
  const answers = lookup.ended
    .then(({ code, stderr }) => {
      if (signal.aborted) throw new SquallError('Unavailable', 'looking host names up was stopped');
      if (code === null)
        throw new SquallError('Unavailable', `looking host names up did not end within ${String(killedAfterMs)} ms`);
      if (code !== 0) throw new SquallError('Unavailable', `looking host names up ended with ${String(code)}: ${stderr}`);
      return hosts.map((host) => lineOf(host, lines));
    })
    .finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
    });
  // Whoever started it may look at it only later.
  answers.catch(() => undefined);
  return { answers };
}

function lineOf(host: string, lines: readonly string[]): HostLookupLine {
  const found = lines.map((line) => JSON.parse(line) as HostLookupLine).find((line) => line.host === host);
  return found ?? { host, error: 'the program that looks names up did not say' };
}
