import { describe } from 'node:test';
import { undoWhateverHappened } from '../kernel/undo-whatever-happened.ts';

describe('undo whatever happened, where the root of the device was ours', () => {
  undoWhateverHappened('own-root');
});
