/** People of a cluster, as they are: an account with some of the shipped roles, and kubectl with Squall's plugin. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { inject } from 'vitest';
import { type ProgramResult, runProgram } from '../../../src/lib/index.ts';
import type { Client } from './client.ts';
import type { SharedPlane } from './control-plane.ts';
import { kubeconfigText } from './kubeconfig.ts';

export type Person = AsyncDisposable & {
  /** In which nothing is but the kubeconfig. */
  home: string;
  kubectl(args: readonly string[], input?: string): Promise<ProgramResult>;
  /** The same, still going on. */
  start(args: readonly string[]): ChildProcessByStdio<null, Readable, Readable>;
};

/**
 * @param namespace theirs: of the account, of the context, and where the roles are bound
 * @param everywhere roles that are bound to the whole cluster
 */
export async function makePerson(
  admin: Client,
  name: string,
  { namespace, roles, everywhere = [] }: { namespace: string; roles: string[]; everywhere?: string[] },
  plane: SharedPlane = inject('controlPlane'),
): Promise<Person> {
  const account = `--serviceaccount=${namespace}:${name}`;
  await admin.must(['create', 'serviceaccount', name, '-n', namespace]);
  for (const role of roles)
    await admin.must(['create', 'rolebinding', nameOf(name, role), '-n', namespace, `--clusterrole=${role}`, account]);
  for (const role of everywhere)
    await admin.must(['create', 'clusterrolebinding', nameOf(name, role), `--clusterrole=${role}`, account]);
  const token = (await admin.must(['create', 'token', name, '-n', namespace, '--duration=1h'])).trim();

  const folder = mkdtempSync(join(tmpdir(), 'squall-person-'));
  const [home, bin] = [join(folder, 'home'), join(folder, 'bin')];
  mkdirSync(join(home, '.kube'), { recursive: true });
  mkdirSync(bin);
  const { url, ca, programs } = plane;
  writeFileSync(join(home, '.kube/config'), kubeconfigText({ url, ca, token, namespace }), { mode: 0o600 });
  // As an installed package has it.
  symlinkSync(resolve('bin/kubectl-squall.js'), join(bin, 'kubectl-squall'));
  const env = { PATH: `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`, HOME: home };
  return {
    home,
    kubectl: async (args, input) => await runProgram(programs.kubectl, args, { env, cwd: home, input, timeoutMs: 100_000 }),
    start: (args) => spawn(programs.kubectl, args, { env, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] }),
    [Symbol.asyncDispose]: async () => {
      for (const role of everywhere) await admin.must(['delete', 'clusterrolebinding', nameOf(name, role)]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Of the binding; a colon is in the names of Kubernetes' own roles. */
function nameOf(person: string, role: string): string {
  return `${person}-${role.replaceAll(':', '-')}`;
}
