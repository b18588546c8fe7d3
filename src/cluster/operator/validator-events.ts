import { createHash } from 'node:crypto';
import { apiVersion } from '../../api/index.ts';
import type { NodeOutcomeChange } from '../../control/index.ts';
import { cutNote, type EventDraft } from './run-events.ts';

const reasons = { Valid: 'ValidatorMet', Invalid: 'ValidatorNotMet', Unknown: 'ValidatorUnanswered' } as const;

/** What a node gets told when a validator finds of it what it did not find before. Pure. */
export function eventOfNodeOutcome({ validator, round, node, nodeUid }: NodeOutcomeChange): EventDraft {
  const said = [validator.uid, nodeUid, node.outcome, String(round)].join(' ');
  const hash = createHash('sha256').update(said).digest('hex').slice(0, 16);
  const failed = node.checks
    .filter(({ ok }) => !ok)
    .map(({ expected, found, remedy }) => `expected that ${expected}, found ${found}; ${remedy}`);
  const summary = node.outcome === 'Valid' ? `all ${String(node.checkCount)} checks hold` : failed.join(' | ');
  return {
    name: `${node.node.slice(0, 230)}.${hash}`,
    regarding: { apiVersion: 'v1', kind: 'Node', name: node.node, uid: nodeUid },
    related: { apiVersion, kind: 'NetworkModulesValidator', ...validator },
    type: node.outcome === 'Valid' ? 'Normal' : 'Warning',
    reason: reasons[node.outcome],
    action: 'Validate',
    note: cutNote(`NetworkModulesValidator ${validator.name}: ${summary}`),
  };
}
