import { resolve } from 'node:path';
import { codeOf, SquallError } from '../../lib/index.ts';
import { experiments } from '../../control/index.ts';
import { createStore, type Store, transportFor } from '../../store/index.ts';
import { stateFiles } from '../state.ts';

/** Every command of an operator asks a process that is there, or says at once that none is. */
const answerWithinMs = 5000;

/**
 * The store of the `squall serve` (or `run`) that works on this state folder.
 * @throws SquallError Unavailable, with the remedy, when none answers
 */
export async function connectToServe(stateFolder: string): Promise<Store> {
  const { socket } = stateFiles(resolve(stateFolder));
  const store = createStore(transportFor({ socket }));
  try {
    await store.list(experiments, { timeoutMs: answerWithinMs });
    return store;
  } catch (error) {
    store.close();
    if (codeOf(error) !== 'Unavailable') throw error;
    const remedy = `start 'squall serve DIR --state ${stateFolder}', or name the folder of one that runs with --state`;
    throw new SquallError('Unavailable', `nobody answers on ${socket}; ${remedy}`, { cause: error });
  }
}
