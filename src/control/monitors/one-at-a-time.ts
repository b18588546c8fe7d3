/**
 * Makes of a task one that never runs twice at once: asked for while it runs, it runs once more, however often it was asked for. Nothing waits
 * for another task's turn.
 */
export type OneAtATime = {
  ask: () => void;
  /** Resolves once it neither runs nor is to run. */
  idle: () => Promise<void>;
};

/** @param task must not reject: what goes wrong is its own to tell */
export function oneAtATime(task: () => Promise<void>): OneAtATime {
  let isWanted = false;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (takeWanted()) await task();
    running = undefined;
  }
  function takeWanted(): boolean {
    const was = isWanted;
    isWanted = false;
    return was;
  }

  return {
    ask: () => {
      isWanted = true;
      running ??= run();
    },
    idle: async () => {
      while (running !== undefined) await running;
    },
  };
}
