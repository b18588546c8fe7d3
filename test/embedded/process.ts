import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Disposing kills it. */
export type ServerProcess = AsyncDisposable & {
  child: ChildProcess;
  /** The first line that it printed: `ready`, or the code and message it failed with. */
  said: string;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
};

/** Starts the embedded server in a process of its own and waits for its first line. */
export async function startProcess(folder: string): Promise<ServerProcess> {
  const program = join(import.meta.dirname, 'server-process.ts');
  const child = spawn(process.execPath, ['--no-warnings', program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const said = await new Promise<string>((resolve) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.trim());
    });
    child.once('exit', () => {
      resolve(text.trim());
    });
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { child, said, kill, [Symbol.asyncDispose]: kill };
}
