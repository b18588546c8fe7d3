import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineFlow, type FlowFields, touchesAddress } from '../../../src/observers/index.ts';
import { parseFilter } from '../../../src/observers/flows/filter.ts';

const web: FlowFields = {
  ipsource: '10.0.0.1',
  ipdestination: '10.0.1.77',
  ipprotocol: 6,
  tcpdestinationport: 80,
  outputifindex: 3,
};

describe('a filter', () => {
  it.each([
    ['ipprotocol=6', true],
    ['ipprotocol!=6', false],
    ['ipsource=10.0.0.1', true],
    ['ipprotocol=1', false],
    ['ipprotocol=6,17', true],
    ['ipprotocol!=6,17', false],
    ['ipprotocol=6&tcpdestinationport=80', true],
    ['ipprotocol=6&tcpdestinationport=443', false],
    ['tcpdestinationport=443|ipprotocol=6', true],
    ['ipprotocol=1&ipsource=1.1.1.1|tcpdestinationport=80', true],
    ['ipprotocol=1&(ipsource=1.1.1.1|tcpdestinationport=80)', false],
    [' ipprotocol = 6 & ( tcpdestinationport = 80 , 81 ) ', true],
    ['ipsource~10\\.0\\..*', true],
    ['ipsource~10\\.0', false],
    ['ipsource!~192\\..*,172\\..*', true],
    ['mask:ipdestination:24=10.0.1.0', true],
    ['range:tcpdestinationport:0:1023=true', true],
    ['null:vlan:0=0', true],
    ['mask:[or:ipsource:ip6source]:8=10.0.0.0&ipprotocol=6', true],
    // What a packet does not have equals nothing.
    ['vlan=1', false],
    ['vlan!=1', true],
    ['vlan~.*', false],
    ['vlan!~.*', true],
  ])('%s: %s', (text, expected) => {
    expect(parseFilter(text)(web)).toBe(expected);
  });

  it.each([
    ['', /expected a flow key at character 1/],
    ['ipsource', /expected one of '=', '!=', '~' and '!~' at character 9/],
    ['ipsource=', /expected a value at character 10/],
    ['ipsource=1&', /expected a flow key at character 12/],
    ['(ipsource=1', /expected '\)' at character 12/],
    ['ipsource=1)', /expected '&', '\|' or the end at character 11/],
    ['ipsource==1&vlan!1', /expected one of/],
    ['nonsense=1', /flow key 'nonsense'/],
    ['ipsource~a*b*c*', /pattern 'a\*b\*c\*': expected at most 2/],
    ['ipsource~[', /pattern '\[': expected a regular expression/],
    [`${'('.repeat(33)}vlan=1${')'.repeat(33)}`, /at most 32 brackets/],
    ['x'.repeat(1025), /at most 1024 characters/],
  ])('refuses %s', (text, message) => {
    expect(() => parseFilter(text)).toThrow(message);
  });

  it('holds as its expression does, however it is nested', () => {
    type Expression = { text: string; holds: (fields: FlowFields) => boolean };
    const key = fc.constantFrom('vlan', 'ipprotocol', 'priority');
    const { expression } = fc.letrec<{ expression: Expression; comparison: Expression; joined: Expression }>((tie) => ({
      expression: fc.oneof({ maxDepth: 4 }, tie('comparison'), tie('joined')),
      comparison: fc.tuple(key, fc.boolean(), fc.nat(3)).map(([name, isNegated, value]) => ({
        text: `${name}${isNegated ? '!=' : '='}${String(value)}`,
        holds: (fields) => (fields[name] === value) !== isNegated,
      })),
      joined: fc.tuple(tie('expression'), fc.boolean(), tie('expression')).map(([left, isAnd, right]) => ({
        text: `(${left.text})${isAnd ? '&' : '|'}(${right.text})`,
        holds: (fields) => (isAnd ? left.holds(fields) && right.holds(fields) : left.holds(fields) || right.holds(fields)),
      })),
    }));
    const packet = fc.dictionary(key, fc.nat(3));
    fc.assert(
      fc.property(expression, packet, ({ text, holds }, fields) => {
        expect(parseFilter(text)(fields)).toBe(holds(fields));
      }),
    );
  });

  it('is understood or refused with words, whatever is written', () => {
    const parts = fc.constantFrom(
      'ipsource',
      'vlan',
      '=',
      '!',
      '~',
      '&',
      '|',
      '(',
      ')',
      ',',
      '[',
      ']',
      ':',
      'or',
      '1',
      '.*',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), (written) => {
        try {
          expect(typeof parseFilter(written.join(''))(web)).toBe('boolean');
        } catch (error) {
          expect(error).toMatchObject({ code: 'InvalidInput', message: expect.stringContaining('expected') as string });
        }
      }),
    );
  });
});

describe('the packets that are exempt', () => {
  it.each([
    ['from a target', { ipsource: '10.0.0.1', ipdestination: '10.9.9.9' }, undefined],
    ['to a target', { ipsource: '10.9.9.9', ipdestination: '10.0.0.1' }, undefined],
    ['to a target, by IPv6', { ipsource: '10.9.9.9', ip6destination: '2001:db8::1' }, undefined],
    ['between others', { ipsource: '10.9.9.9', ipdestination: '10.9.9.8' }, '10.9.9.9'],
  ])('%s', (_title, fields, flow) => {
    const definition = defineFlow({ keys: ['ipsource'], value: 'frames' }, touchesAddress(['10.0.0.1', '2001:db8::1']));
    expect(definition.flowOf(fields)).toBe(flow);
  });
});
