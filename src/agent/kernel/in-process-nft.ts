/**
 * nft transactions without starting a program, by an optional addon (native/squall-netns.c). Off unless somebody asks for it: what it does
 * is what `nft -f` does, by the same library, and starting nft stays the way that everything is measured against.
 */
import { messageOf, SquallError } from '../../lib/index.ts';

/** Runs nft's commands as one transaction in the network namespace at `path`. A complaint is a result, with a code that is not 0. */
export type RunNft = (path: string, commands: string) => Promise<{ code: number; output: string; error: string }>;

/**
 * Loads the addon and tries it on this process's own namespace, where it only looks.
 * @param file absolute
 * @throws SquallError ToolMissing when there is none, or it cannot do its work here
 */
export async function loadNft(file: string): Promise<RunNft> {
  const runNft = load(file);
  const { code, error } = await runNft('/proc/self/ns/net', 'list tables');
  if (code !== 0) throw unusable(file, error);
  return runNft;
}

function load(file: string): RunNft {
  const loaded: { exports: { runNft?: RunNft } } = { exports: {} };
  try {
    process.dlopen(loaded, file);
  } catch (error) {
    throw unusable(file, messageOf(error));
  }
  const { runNft } = loaded.exports;
  if (runNft === undefined) throw unusable(file, 'it has no function runNft');
  return runNft;
}

function unusable(file: string, why: string): SquallError {
  return new SquallError(
    'ToolMissing',
    `the addon ${file} cannot be used: ${why.trim()}; build it for this machine by npm run build:native, or do without`,
  );
}
