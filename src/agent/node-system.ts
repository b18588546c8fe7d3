/** Which system the node runs, read once: it does not change before the next boot. */
import { access, readFile, stat } from 'node:fs/promises';
import { release } from 'node:os';
import { isForbidden, isMissing } from '../lib/index.ts';
import { recogniseDistribution, type System, tellingPaths } from '../preflight/index.ts';

/** The node's files, as its first process sees them: those of a container are its image's. */
const nodeRoot = '/proc/1/root';

export async function readSystem(root = nodeRoot): Promise<System> {
  const [osRelease, contained, ...paths] = await Promise.all([
    readFile(`${root}/etc/os-release`, 'utf8').catch(undefinedIfUnreadable),
    isContained(root),
    ...tellingPaths.map(
      async (path) =>
        await access(root + path).then(
          () => [path],
          () => [],
        ),
    ),
  ]);
  const facts = { kernelRelease: release(), paths: paths.flat() };
  return { distribution: recogniseDistribution(osRelease === undefined ? facts : { ...facts, osRelease }), contained };
}

/** One whose root folder is another than that of the first process; where that may not be looked at, it is. */
async function isContained(root: string): Promise<boolean> {
  const [own, ofNode] = await Promise.all([stat('/'), stat(`${root}/`).catch(undefinedIfUnreadable)]);
  return own.dev !== ofNode?.dev || own.ino !== ofNode.ino;
}

function undefinedIfUnreadable(error: unknown): undefined {
  if (!isMissing(error) && !isForbidden(error)) throw error;
}
