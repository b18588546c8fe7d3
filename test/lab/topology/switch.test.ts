import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTopology } from '../../../src/lab/index.ts';
import { formatSflowTarget, parseSflowTarget } from '../../../src/lab/topology/sflow-target.ts';
import { idlePod } from '../support/labs.ts';

const withSwitch = (data: string, name = 'lab-switch') =>
  `${idlePod('a')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: ${data}\n`;
const parse = (text: string) => parseTopology(text, 'lab.yaml', '/folder');

describe('the switch of a topology', () => {
  it("is the kernel's own bridge when nothing is said", () => {
    expect(parse(idlePod('a')).switch).toBeUndefined();
  });

  it.each([
    ['{ switch: openvswitch }', {}],
    [
      "{ switch: openvswitch, sampling: '8', polling: 1s, headerBytes: '256' }",
      { sampling: 8, pollingSeconds: 1, headerBytes: 256 },
    ],
    ["{ switch: openvswitch, collectors: '[::1]:7000' }", { collectors: [{ host: '::1', port: 7000 }] }],
    [
      "{ switch: openvswitch, collectors: '127.0.0.1:1, 10.0.0.1:65535' }",
      {
        collectors: [
          { host: '127.0.0.1', port: 1 },
          { host: '10.0.0.1', port: 65535 },
        ],
      },
    ],
  ])('is an Open vSwitch with %s', (data, expected) => {
    const usual = { sampling: 64, pollingSeconds: 5, headerBytes: 128, collectors: [{ host: '127.0.0.1', port: 6343 }] };
    expect(parse(withSwitch(data)).switch).toEqual({ ...usual, ...expected });
  });

  it.each([
    ['another switch', '{ switch: bridge }', /data\.switch: "bridge": expected openvswitch/],
    ['no switch', '{}', /data\.switch: missing: expected openvswitch/],
    [
      'a number that is no text',
      '{ switch: openvswitch, sampling: 8 }',
      /data\.sampling: 8: expected a whole number .* in quotes/,
    ],
    ['a sampling rate of none', "{ switch: openvswitch, sampling: '0' }", /data\.sampling: "0": expected a whole number from 1/],
    ['a sampling rate that is a share', "{ switch: openvswitch, sampling: '1/64' }", /data\.sampling: "1\/64": expected a whole/],
    ['a header too short', "{ switch: openvswitch, headerBytes: '63' }", /data\.headerBytes: "63": expected .* from 64 to 256/],
    ['polling without a unit', "{ switch: openvswitch, polling: '5' }", /data\.polling: "5": expected whole seconds/],
    ['polling within a second', '{ switch: openvswitch, polling: 500ms }', /data\.polling: "500ms": expected whole seconds/],
    ['a collector by name', '{ switch: openvswitch, collectors: localhost:6343 }', /data\.collectors: .*expected ADDRESS:PORT/],
    ['a collector without a port', '{ switch: openvswitch, collectors: 127.0.0.1 }', /data\.collectors: .*expected ADDRESS:PORT/],
    [
      'a port out of range',
      "{ switch: openvswitch, collectors: '127.0.0.1:65536' }",
      /data\.collectors: .*expected ADDRESS:PORT/,
    ],
    ['an empty collector', "{ switch: openvswitch, collectors: '127.0.0.1:1,' }", /data\.collectors: .*expected ADDRESS:PORT/],
    [
      'too many collectors',
      `{ switch: openvswitch, collectors: '${Array(5).fill('127.0.0.1:1').join(',')}' }`,
      /data\.collectors: .*up to 4/,
    ],
    ['a setting that there is not', "{ switch: openvswitch, header: '128' }", /data\.header: the lab has no such field/],
  ])('is refused with %s', (_, data, message) => {
    expect(() => parse(withSwitch(data))).toThrow(message);
  });

  it('is the only thing that a ConfigMap may say', () => {
    expect(() => parse(withSwitch('{ switch: openvswitch }', 'settings'))).toThrow(
      /metadata\.name: "settings": expected lab-switch/,
    );
  });

  it('is chosen once', () => {
    const twice = withSwitch('{ switch: openvswitch }') + withSwitch('{ switch: openvswitch }').slice(idlePod('a').length);
    expect(() => parse(twice)).toThrow(/ConfigMap lab-switch is already defined/);
  });
});

describe('an address of a collector', () => {
  it('reads back as it was written', () => {
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((address) => !address.includes('%')),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65535 }), (address, port) => {
        expect(parseSflowTarget(formatSflowTarget({ host: address, port }))).toEqual({ host: address, port });
      }),
    );
  });

  it('is none whatever else the text is, and never an exception', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const target = parseSflowTarget(text);
        if (target !== undefined) expect(parseSflowTarget(formatSflowTarget(target))).toEqual(target);
      }),
    );
  });
});
