/** Which system the node runs, read once: it does not change before the next boot. */
import { access, readFile, stat } from 'node:fs/promises';
import { release } from 'node:os';
import { isForbidden, isMissing } from '../lib/index.ts';
import { recogniseDistribution, type System, tellingPaths } from '../preflight/index.ts';

/** The node's files, as its first process sees them: those of a container are its image's. */
const nodeRoot = '/proc/1/root';

/** What may not be read of the node is not guessed from this process's own files. */
export async function readSystem(root = nodeRoot): Promise<System> {
  const [own, ofNode, ...paths] = await Promise.all([
    readOsRelease(''),
    readOsRelease(root),
    ...tellingPaths.map(async (path) =>
      access(root + path).then(
        () => [path],
        () => [],
      ),
    ),
  ]);
  return {
    distribution: recogniseDistribution({ osRelease: ofNode, kernelRelease: release(), paths: paths.flat() }),
    programs: recogniseDistribution({ osRelease: own, kernelRelease: '', paths: [] }),
    contained: await isContained(root),
  };
}

async function readOsRelease(root: string): Promise<string | undefined> {
  return await readFile(`${root}/etc/os-release`, 'utf8').catch(undefinedIfUnreadable);
}

async function isContained(root: string): Promise<boolean> {
  const [own, ofNode] = await Promise.all([stat('/'), stat(`${root}/`).catch(undefinedIfUnreadable)]);
  return ofNode !== undefined && (own.dev !== ofNode.dev || own.ino !== ofNode.ino);
}

function undefinedIfUnreadable(error: unknown): undefined {
  if (!isMissing(error) && !isForbidden(error)) throw error;
}
