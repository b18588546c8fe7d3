import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';

export type BoundProcess = {
  child: ChildProcess;
  /** Settles when the process has ended and its output is read: exit code, signal or what kept it from starting, in words. */
  ended: Promise<string>;
  /** The last of what it wrote to stderr. */
  lastWords(): string;
  /** Kills it and waits for its end. */
  kill(): Promise<void>;
};

const keptCharacters = 4000;

/** What a terminal or a service manager sends to a whole group of processes. */
const groupSignals = 'INT,TERM,HUP,QUIT';

/**
 * Starts a program that the kernel kills when this process ends in any way (PR_SET_PDEATHSIG, through util-linux's setpriv),
 * so that not even kill -9 leaves it behind. Signals to the whole group pass it by: what this process does about them, it does
 * with the program's help. stdio[2] must be 'pipe'.
 */
export function startBound(program: string, args: readonly string[], stdio: StdioOptions, env: NodeJS.ProcessEnv): BoundProcess {
  const wrapped = ['--pdeathsig', 'KILL', '--', 'env', `--block-signal=${groupSignals}`, program, ...args];
  const child = spawn('setpriv', wrapped, { stdio, env: { ...process.env, ...env } });
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-keptCharacters);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(`did not start: ${error.message}`);
    });
    child.once('close', (code, signal) => {
      resolve(signal === null ? `exit code ${String(code)}` : `killed by ${signal}`);
    });
  });
  return {
    child,
    ended,
    lastWords: () => words.trim(),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
