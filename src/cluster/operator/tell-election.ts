import type { Logger } from 'pino';
import { codeOf, messageOf } from '../../lib/index.ts';
import type { LeadershipChange, LeadOptions } from './lead.ts';

/** What it means to stand by, and to lead. */
export type ElectionWords = Record<'following' | 'leading', string>;

/** Says in the log how an election goes. */
export function tellElection(log: Logger, words: ElectionWords): Required<Pick<LeadOptions, 'onChange' | 'onTrouble'>> {
  return {
    onChange: (change) => {
      tellChange(log, words, change);
    },
    onTrouble: (error) => {
      const level = codeOf(error) === 'Conflict' || codeOf(error) === 'AlreadyExists' ? 'debug' : 'warn';
      log[level]({ code: codeOf(error) }, `election: ${messageOf(error)}`);
    },
  };
}

function tellChange(log: Logger, { following, leading }: ElectionWords, change: LeadershipChange): void {
  switch (change.type) {
    case 'following':
      log.info({ leader: change.holder }, `standing by: ${following}`);
      return;
    case 'leading':
      log.info(`leading: ${leading}`);
      return;
    case 'stopped':
      log[change.reason === 'Released' ? 'info' : 'error']({ reason: change.reason }, `not leading any more: ${change.message}`);
  }
}
