/**
 * The packet that a decoder has just told of, as flow keys see it: each field is read when it is asked for, and nothing is made of those that nobody asks
 * for. Valid until the next packet.
 */
import type { FlowSample } from '../sflow/decode/flow-sample.ts';
import { hexText } from '../sflow/decode/object/text.ts';
import { absent, type PacketLayer } from '../sflow/decode/packet/layer.ts';
import { createAddressTexts } from './address-texts.ts';
import { type FlowFields, flowKeyNames } from './fields.ts';
import { type AddressField, type FlowKeyName, frameBytes, keyFields, type NumberField } from './packet-key-fields.ts';

/** Writes what some fields of the packet hold as numbers of 32 bits: two packets with equal numbers have equal fields. */
export type FieldNumbers = { width: number; write: (target: Int32Array, from: number) => void };

export type CurrentPacket = {
  look: (sample: FlowSample, view: DataView) => void;
  /** Of the packet that was looked at last. */
  fields: FlowFields;
  /** @param names as `FlowFields` has them; others are as absent as they are there */
  numbersOf: (names: readonly string[]) => FieldNumbers;
  /** Address of the outermost IP header, of either version. */
  ipSource: () => string | undefined;
  ipDestination: () => string | undefined;
};

type Reader = {
  /** 32-bit words. */
  width: number;
  value: () => string | number | undefined;
  /** False where it is absent. */
  write: (target: Int32Array, at: number) => boolean;
};

const namesOfMask = 30;
const widths = { ipv4: 1, ipv6: 4, mac: 2 } as const;

export function createCurrentPacket(): CurrentPacket {
  const texts = createAddressTexts();
  let sample: FlowSample | undefined;
  let view: DataView = new DataView(new ArrayBuffer(0));

  const layerAt = (depth: number): PacketLayer | undefined => {
    if (sample === undefined) return undefined;
    if (depth === 0) return sample.packet.outer;
    return sample.packet.tunnel.type === undefined ? undefined : sample.packet.tunnel.layer;
  };

  const numberReader = (field: NumberField, depth: number): Reader => {
    const read = (): number => {
      const layer = layerAt(depth);
      return layer === undefined || sample === undefined ? absent : field.number(layer, view, sample);
    };
    return {
      width: 1,
      value: () => {
        const number = read();
        return number === absent ? undefined : field.text === undefined ? number : field.text(number);
      },
      write: (target, at) => {
        const number = read();
        target[at] = number;
        return number !== absent;
      },
    };
  };

  const addressAt = (kind: AddressField['kind'], offset: number): string => {
    if (kind === 'mac') return hexText(view, offset, 6).toUpperCase();
    return texts[kind](view, offset);
  };

  const addressReader = ({ kind, offset: offsetIn }: AddressField, depth: number): Reader => {
    const offsetOf = (): number => {
      const layer = layerAt(depth);
      return layer === undefined ? absent : offsetIn(layer);
    };
    return {
      width: widths[kind],
      value: () => {
        const offset = offsetOf();
        return offset === absent ? undefined : addressAt(kind, offset);
      },
      write: (target, at) => {
        const offset = offsetOf();
        if (offset === absent) target.fill(0, at, at + widths[kind]);
        else writeAddress(kind, offset, target, at);
        return offset !== absent;
      },
    };
  };

  const writeAddress = (kind: AddressField['kind'], offset: number, target: Int32Array, at: number): void => {
    target[at] = view.getInt32(offset);
    if (kind === 'mac') target[at + 1] = view.getInt16(offset + 4);
    if (kind !== 'ipv6') return;
    for (let word = 1; word < widths.ipv6; word += 1) target[at + word] = view.getInt32(offset + word * 4);
  };

  const readerOf = (name: FlowKeyName, depth: number): Reader => {
    const field = keyFields[name];
    return field.kind === 'number' ? numberReader(field, depth) : addressReader(field, depth);
  };

  const bytes: NumberField = { kind: 'number', number: (_layer, _view, packet) => frameBytes(packet) };
  const readers = new Map<string, Reader>([['bytes', numberReader(bytes, 0)]]);
  for (const name of flowKeyNames) {
    readers.set(name, readerOf(name, 0));
    readers.set(`${name}.1`, readerOf(name, 1));
  }

  const either = (one: string, other: string) => (): string | undefined => {
    const found = readers.get(one)?.value() ?? readers.get(other)?.value();
    return found === undefined ? undefined : String(found);
  };

  return {
    look: (looked, at) => {
      sample = looked;
      view = at;
    },
    fields: fieldsOf(readers),
    numbersOf: (names) => numbersOf(names.flatMap((name) => readers.get(name) ?? [])),
    ipSource: either('ipsource', 'ip6source'),
    ipDestination: either('ipdestination', 'ip6destination'),
  };
}

function fieldsOf(readers: ReadonlyMap<string, Reader>): FlowFields {
  const fields = {};
  for (const [name, { value }] of readers) Object.defineProperty(fields, name, { get: value, enumerable: true });
  return fields;
}

/** First which are absent, as bits, so that no value can be taken for absence; then the values. */
function numbersOf(readers: readonly Reader[]): FieldNumbers {
  const masks = Math.ceil(readers.length / namesOfMask);
  const width = readers.reduce((sum, reader) => sum + reader.width, masks);
  return {
    width,
    write: (target, from) => {
      target.fill(0, from, from + masks);
      let at = from + masks;
      for (let index = 0; index < readers.length; index += 1) {
        const reader = readers[index];
        if (reader === undefined) continue;
        if (!reader.write(target, at)) {
          const mask = from + Math.floor(index / namesOfMask);
          target[mask] = (target[mask] ?? 0) | (1 << (index % namesOfMask));
        }
        at += reader.width;
      }
    },
  };
}
