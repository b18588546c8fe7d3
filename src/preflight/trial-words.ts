/** What the programs of trials say, in our words: which wording is printed depends on kernel and program. */
import type { Capability } from '../api/index.ts';
import { saysNoSuchQdisc } from '../lib/index.ts';
import { capabilityTrials, type TrialOutcome } from './capabilities.ts';

type Meaning = { reason: string; words: string };

const notAllowed: Meaning = {
  reason: 'NotPermitted',
  words: 'the kernel does not let this agent try it: it needs CAP_NET_ADMIN and CAP_SYS_ADMIN',
};

/**
 * `REASON: what it means (PROGRAM says: MESSAGE); HINT`; of a message that nobody knows the message alone.
 * Reasons: QdiscMissing, FilterMissing, DeviceTypeMissing, NftablesMissing, ProgramTooOld, NotPermitted.
 */
export function trialWords(capability: Capability, { message, hint }: Omit<TrialOutcome, 'ok'>): string {
  const { program } = capabilityTrials[capability];
  const meaning = meaningOf(program, message);
  const said = `${program} says: ${message}`;
  const told = meaning === undefined ? said : `${meaning.reason}: ${meaning.words} (${said})`;
  return hint === undefined ? told : `${told}; ${hint}`;
}

/** Whether a trial failed because the kernel or the program lacks what was tried, and not because it could not be tried at all. */
export function saysWhatIsMissing(capability: Capability, message: string): boolean {
  const meaning = meaningOf(capabilityTrials[capability].program, message);
  return meaning !== undefined && meaning !== notAllowed;
}

function meaningOf(program: string, message: string): Meaning | undefined {
  if (/Operation not permitted|Permission denied/.test(message)) return notAllowed;
  switch (program) {
    case 'tc':
      return meaningOfTc(message);
    case 'ip':
      return /Unknown device type|Operation not supported/.test(message)
        ? { reason: 'DeviceTypeMissing', words: 'the kernel has no devices of this type' }
        : undefined;
    case 'nft':
      return meaningOfNft(message);
    default:
      return undefined;
  }
}

function meaningOfTc(message: string): Meaning | undefined {
  if (message.includes('Unknown qdisc')) {
    return { reason: 'ProgramTooOld', words: 'this tc does not know the queueing discipline, whatever the kernel has' };
  }
  // A filter is added once its qdisc is there: without an extended acknowledgement only what follows tells the two apart.
  const isFilter = message.includes('We have an error talking to the kernel');
  if (isFilter || message.includes('TC classifier not found')) {
    return { reason: 'FilterMissing', words: 'the kernel has no packet filter of this kind' };
  }
  return saysNoSuchQdisc(message)
    ? { reason: 'QdiscMissing', words: 'the kernel has no queueing discipline of this kind' }
    : undefined;
}

function meaningOfNft(message: string): Meaning | undefined {
  if (message.includes('syntax error')) return { reason: 'ProgramTooOld', words: 'this nft does not know the expression' };
  return /Operation not supported|No such file or directory|Protocol not supported|Invalid argument/.test(message)
    ? { reason: 'NftablesMissing', words: 'the kernel has no nftables, or lacks what this needs of it' }
    : undefined;
}
