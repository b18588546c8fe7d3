/**
 * Runs a bench as the first process of its own process and mount namespaces, with a /run/netns of its own: what it starts can be counted,
 * nobody sees its namespaces, and whatever way it ends, all that it started, mounted and made goes with it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../src/lib/index.ts';

const unshare = ['--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'slave', '--'];

/** @param script beside this file, which calls `answerApart`. Resolves to its answer */
export async function runApart<Answer>(script: string, args: readonly string[]): Promise<Answer> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', path, ...args];
  const child = spawn('unshare', [...unshare, ...node], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  let answer: { value: Answer } | undefined;
  child.on('message', (value) => (answer = { value: value as Answer }));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0 || answer === undefined) throw new Error(`${script} ended with ${String(code)} and without an answer`);
  return answer.value;
}

/** What the script that runs apart does. */
export async function answerApart(work: (args: string[]) => Promise<unknown>): Promise<void> {
  // The first process of a namespace hears no signal that it does not ask for: it ends with whoever has started it.
  process.once('disconnect', () => process.exit(1));
  await mkdir('/run/netns', { recursive: true });
  const { code, stderr } = await runProgram('mount', ['-t', 'tmpfs', 'squall-bench', '/run/netns']);
  if (code !== 0) throw new Error(`mount: ${stderr}`);
  const answer = await work(process.argv.slice(2));
  await new Promise<void>((resolve, reject) => {
    process.send?.(answer, undefined, undefined, (error: Error | null) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  process.removeAllListeners('disconnect');
  process.disconnect();
}
