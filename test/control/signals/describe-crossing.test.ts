import { describe, expect, it } from 'vitest';
import { describeCrossing } from '../../../src/control/signals/describe-crossing.ts';
import { crossing } from './monitors.ts';

describe('describeCrossing', () => {
  it.each([
    ['above', {}, 'frames', 'flow 10.0.0.1,10.0.0.10: 812 frames/s over 300 (±14.2 %), seen by agent 10.0.0.254 at 3'],
    [
      'below',
      { value: 4.561, limit: 20, flow: undefined },
      'bytes',
      'the total: 4.56 bytes/s below 20 (±14.2 %), seen by agent 10.0.0.254 at 3',
    ],
    ['above', { flow: '' }, undefined, 'all of the flow: 812 units/s over 300 (±14.2 %), seen by agent 10.0.0.254 at 3'],
    [
      'above',
      { value: 250.2 },
      'frames',
      'flow 10.0.0.1,10.0.0.10: over 300 frames/s by 13 samples, its smoothed value 250 (±14.2 %), seen by agent 10.0.0.254 at 3',
    ],
    [
      'below',
      { value: 301 },
      'frames',
      'flow 10.0.0.1,10.0.0.10: below 300 frames/s by 13 samples, its smoothed value 301 (±14.2 %), seen by agent 10.0.0.254 at 3',
    ],
  ] as const)('says which flow went %s its limit, and how sure that is: %j', (condition, changes, unit, text) => {
    expect(describeCrossing(crossing(changes), condition, unit)).toBe(text);
  });

  it('cuts a flow whose keys are longer than anybody reads', () => {
    const text = describeCrossing(crossing({ flow: 'x'.repeat(5000) }), 'above', 'frames');
    expect(text.length).toBeLessThan(400);
    expect(text).toContain('x…: 812 frames/s');
  });
});
