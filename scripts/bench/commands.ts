/** Programs in targets as a script would start them: one after the other in each target, two targets at a time. */
import { createLimiter } from '../../src/agent/limiter.ts';
import { runProgram } from '../../src/lib/index.ts';

/** As many programs as the agent runs at once. */
export const atOnce = 2;

export type Command = { command: string[]; input?: string };

/** Milliseconds until every target has had all commands. */
export async function timeEach(paths: readonly string[], commands: readonly Command[]): Promise<number> {
  const limit = createLimiter(atOnce);
  const started = performance.now();
  const ofTarget = async (path: string) => {
    for (const { command, input } of commands) {
      const { code, stderr } = await runProgram('nsenter', [`--net=${path}`, '--', ...command], { input });
      if (code !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
    }
  };
  await Promise.all(paths.map((path) => limit(() => ofTarget(path))));
  return performance.now() - started;
}
