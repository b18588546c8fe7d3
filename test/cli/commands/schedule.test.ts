import { describe, expect, it } from 'vitest';
import { readManifests } from '../../../src/api/index.ts';
import { withFurtherChecks } from '../../../src/cli/read-manifests.ts';
import { goodSpecs, manifestText } from '../../api/samples.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

function check(schedule: string, timeZone: string): ReturnType<typeof withFurtherChecks> {
  const text = manifestText('NetworkExperimentSchedule', { ...goodSpecs.NetworkExperimentSchedule, schedule, timeZone });
  return withFurtherChecks(readManifests([{ name: 'a.yaml', text }]), now);
}

describe('the checks of schedules', () => {
  it.each(['99 * * * *', '0 0 30 2 *', '* * * * MOO'])(
    'refuse an expression that only its reader knows to be wrong: %s',
    (schedule) => {
      const { manifests, documents, errors } = check(schedule, 'UTC');
      expect(errors).toMatchObject([
        { file: 'a.yaml', path: 'spec.schedule', value: JSON.stringify(schedule), code: 'InvalidInput' },
      ]);
      expect(documents).toMatchObject([{ valid: false }]);
      expect(manifests).toEqual([]);
    },
  );

  it.each([
    ['30 2 * * *', 'Europe/Berlin', ['2026-03-29T01:00:00Z', '2026-10-25T00:30:00Z']],
    ['30 2 * * 1-5', 'Europe/Berlin', []],
    ['30 4 * * *', 'Europe/Berlin', []],
    ['30 2 * * *', 'UTC', []],
  ])('warn of clock changes that the ticks of %s in %s meet within a year', (schedule, zone, instants) => {
    const messages = check(schedule, zone).warnings.filter(({ path }) => path === 'spec.schedule');
    expect(messages.map(({ message }) => /at (\S+)$/.exec(message)?.[1])).toEqual(instants);
  });
});
