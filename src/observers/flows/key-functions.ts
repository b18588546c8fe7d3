/**
 * The functions of flow keys that sFlow-RT documents with their arguments and that need nothing but the packet
 * (sflow-rt.com/define_flow.php). Each gives undefined where its key is absent, as the packet then does not belong to the flow.
 */
import { isIP } from 'node:net';
import { SquallError } from '../../lib/index.ts';
import type { FlowFields } from './fields.ts';
import { maskAddress } from './mask-address.ts';

type KeyValue = string | number | undefined;
export type KeyReader = (fields: FlowFields) => KeyValue;

/** @param args as written; @param key turns an argument that names a key, or a nested function, into its reader */
type KeyFunction = {
  usage: string;
  build: (args: readonly string[], key: (written: string) => KeyReader) => KeyReader | undefined;
};

const wholeNumber = (written: string | undefined) => (/^\d+$/.test(written ?? '') ? Number(written) : undefined);

export const keyFunctions: Readonly<Record<string, KeyFunction>> = {
  or: {
    usage: 'or:<key>:<key>…, the first that the packet has',
    build: (args, key) => {
      if (args.length < 2) return undefined;
      const readers = args.map(key);
      return (fields) => firstOf(readers, fields);
    },
  },
  null: {
    usage: 'null:<key>:<value>, the value where the packet does not have the key',
    build: ([written, otherwise], key) => {
      if (written === undefined || otherwise === undefined) return undefined;
      const reader = key(written);
      return (fields) => reader(fields) ?? otherwise;
    },
  },
  mask: {
    usage: 'mask:<key>:<bits>, the network of an address',
    build: ([written, bits], key) => {
      const kept = wholeNumber(bits);
      if (written === undefined || kept === undefined || kept > 128) return undefined;
      const reader = key(written);
      return (fields) => {
        const address = reader(fields);
        return typeof address === 'string' && isIP(address) > 0 ? maskAddress(address, kept) : undefined;
      };
    },
  },
  prefix: tokens('prefix', (parts, count) => parts.slice(0, count)),
  suffix: tokens('suffix', (parts, count) => parts.slice(-count)),
  eq: {
    usage: 'eq:<key>:<key>, true or false',
    build: ([one, other], key) => {
      if (one === undefined || other === undefined) return undefined;
      const [readOne, readOther] = [key(one), key(other)];
      return (fields) => {
        const [left, right] = [readOne(fields), readOther(fields)];
        return left === undefined || right === undefined ? undefined : String(String(left) === String(right));
      };
    },
  },
  range: {
    usage: 'range:<key>:<lowest>:<highest>, true or false',
    build: ([written, lowest, highest], key) => {
      const [low, high] = [wholeNumber(lowest), wholeNumber(highest)];
      if (written === undefined || low === undefined || high === undefined || low > high) return undefined;
      const reader = key(written);
      return (fields) => {
        const value = reader(fields);
        return value === undefined ? undefined : String(Number(value) >= low && Number(value) <= high);
      };
    },
  },
};

/** Functions of sFlow-RT that need more than the packet, and what they would need. */
const refusedFunctions: Readonly<Record<string, string>> = {
  group: 'address groups, which a NetworkMonitor cannot define',
  country: 'a table of countries by address',
  asn: 'a table of autonomous systems by address',
  oui: 'a table of makers by MAC address',
  host: 'the metrics of hosts',
  first: 'arguments that are not documented well enough to be sure of',
  if: 'arguments that are not documented well enough to be sure of',
};

function firstOf(readers: readonly KeyReader[], fields: FlowFields): KeyValue {
  for (const reader of readers) {
    const value = reader(fields);
    if (value !== undefined) return value;
  }
  return undefined;
}

function tokens(name: string, kept: (parts: string[], count: number) => string[]): KeyFunction {
  return {
    usage: `${name}:<key>:<delimiter>:<number of tokens>`,
    build: ([written, delimiter, number], key) => {
      const count = wholeNumber(number);
      if (written === undefined || delimiter === undefined || delimiter === '' || !count) return undefined;
      const reader = key(written);
      return (fields) => {
        const value = reader(fields);
        return value === undefined ? undefined : kept(String(value).split(delimiter), count).join(delimiter);
      };
    },
  };
}

export function refuseFunction(name: string, written: string): never {
  const needs = Object.hasOwn(refusedFunctions, name) ? refusedFunctions[name] : undefined;
  const reason = needs === undefined ? `there is no function '${name}'` : `the function '${name}' needs ${needs}`;
  const known = Object.keys(keyFunctions).join(', ');
  throw new SquallError('InvalidInput', `flow key '${written}': ${reason}; expected one of ${known}, or a key by itself`);
}
