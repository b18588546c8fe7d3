import { describe, expect, it } from 'vitest';
import { readReceiveBuffer, readSflowOptions } from '../../../src/cli/network/sflow-options.ts';

const own = ['127.0.0.0/8', '::1/128'];

describe('the options of sFlow', () => {
  it.each([
    [{ sflow: '127.0.0.1:6343' }, { listen: { host: '127.0.0.1', port: 6343 }, allow: own }],
    [{ sflow: '[::1]:6343' }, { listen: { host: '::1', port: 6343 }, allow: own }],
    [{ sflow: '[::]:0' }, { listen: { host: '::', port: 0 } }],
    [{ sflow: 'none' }, { listen: undefined }],
    [
      { sflow: '[::]:6343', sflowAllow: '10.0.0.0/8,192.0.2.7/32,fd00::/8' },
      { listen: { host: '::', port: 6343 }, allow: ['10.0.0.0/8', '192.0.2.7/32', 'fd00::/8'] },
    ],
    [
      { sflow: '[::]:6343', sflowAllow: '192.0.2.7,2001:db8::7' },
      { listen: { host: '::', port: 6343 }, allow: ['192.0.2.7/32', '2001:db8::7/128'] },
    ],
    [
      { sflow: '[fd00::1]:6343', sflowAllow: 'fd00::/8' },
      { listen: { host: 'fd00::1', port: 6343 }, allow: ['fd00::/8'] },
    ],
    [
      { sflow: 'none', sflowAllow: 'fd00::/8,10.0.0.0/8' },
      { listen: undefined, allow: ['fd00::/8', '10.0.0.0/8'] },
    ],
    [
      { sflow: '127.0.0.1:1', sflowAllow: '10.0.0.0/8' },
      { listen: { host: '127.0.0.1', port: 1 }, allow: ['10.0.0.0/8'] },
    ],
  ])('of %j are read as %j', (options, place) => {
    expect(readSflowOptions(options)).toEqual(place);
  });

  it.each([
    ['no address', () => readSflowOptions({ sflow: '6343' }), /^--sflow: expected an address and a port/],
    ['a name', () => readSflowOptions({ sflow: 'localhost:6343' }), /^--sflow: expected an IP address of this machine/],
    ['no network', () => readSflowOptions({ sflow: 'none', sflowAllow: '10.0.0.0/33' }), /^--sflow-allow: expected networks/],
    [
      'networks of a family that does not come in',
      () => readSflowOptions({ sflow: '0.0.0.0:6343', sflowAllow: '10.0.0.0/8,fd00::/8' }),
      /^--sflow-allow: expected networks of the family of 0\.0\.0\.0, .*receive at \[::\] for both, found 'fd00::\/8'$/,
    ],
    [
      'an IPv4 address where IPv6 comes in',
      () => readSflowOptions({ sflow: '[fd00::1]:6343', sflowAllow: '192.0.2.7' }),
      /of the family of fd00::1, .*found '192\.0\.2\.7\/32'$/,
    ],
    [
      'an IPv4 address as an IPv6 one',
      () => readSflowOptions({ sflow: '[::]:1', sflowAllow: '::ffff:192.0.2.7' }),
      /^--sflow-allow: expected networks or addresses/,
    ],
    ['blanks', () => readSflowOptions({ sflow: 'none', sflowAllow: '10.0.0.0/8, 10.1.0.0/16' }), /no blanks between/],
    ['nobody', () => readSflowOptions({ sflow: 'none', sflowAllow: '' }), /^--sflow-allow: expected networks .*found ''$/],
    ['a unit', () => readReceiveBuffer(['--receive-buffer', '8M']), /^--receive-buffer: expected a whole number of bytes/],
    ['too few bytes', () => readReceiveBuffer(['--receive-buffer', '1']), /from 65536 to 1073741823, found '1'$/],
  ])('are refused by name with %s', (_what, read, message) => {
    expect(read).toThrow(message);
  });

  it('ask for no buffer where nobody does', () => {
    expect(readReceiveBuffer(['--receive-buffer', undefined])).toEqual({});
    expect(readReceiveBuffer(['--receive-buffer', '8388608'])).toEqual({ receiveBufferBytes: 8_388_608 });
  });
});
