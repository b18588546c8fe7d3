import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../src/observers/collector/options.ts';

describe('the options of a collector', () => {
  it('have defaults', () => {
    const expected = { port: 6343, receiveBufferBytes: 4_194_304, allow: [], mostDatagramBytes: 9216 };
    expect(settingsOf({})).toEqual(expected);
  });

  it.each([
    [{ host: 'localhost' }, "host: found 'localhost'"],
    [{ port: 65_536 }, 'port: found 65536'],
    [{ port: -1 }, 'port: found -1'],
    [{ port: 1.5 }, 'port: found 1.5'],
    [{ receiveBufferBytes: 0 }, 'receiveBufferBytes: found 0'],
    [{ receiveBufferBytes: 2 ** 30 }, 'receiveBufferBytes: found 1073741824'],
    [{ mostDatagramBytes: 65_528 }, 'mostDatagramBytes: found 65528'],
    [{ mostDatagramsPerSecondOfSource: 0 }, 'mostDatagramsPerSecondOfSource: found 0'],
    [{ limits: { flows: 0 } }, 'limits.flows: found 0'],
    [{ allow: ['10.0.0.0/40'] }, "allow[0]: found '10.0.0.0/40'"],
  ])('%j are refused', (options, message) => {
    expect(() => settingsOf(options)).toThrow(
      expect.objectContaining({ code: 'InvalidInput', message: expect.stringContaining(message) as string }),
    );
  });
});
