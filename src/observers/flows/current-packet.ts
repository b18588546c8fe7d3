/**
 * The packet that a decoder has just told of, as flow keys see it: each field is read when it is asked for, and nothing is made of those that nobody asks
 * for. Valid until the next packet.
 */
import { createFlowSample, type FlowSample } from '../sflow/decode/flow-sample.ts';
import { hexText } from '../sflow/decode/object/text.ts';
import { absent, type PacketLayer } from '../sflow/decode/packet/layer.ts';
import { createAddressTexts } from './address-texts.ts';
import { type FlowFields, flowKeyNames } from './fields.ts';
import {
  type AddressKey,
  addressKinds,
  type AddressKind,
  addressOffset,
  fieldNumber,
  fieldValue,
  isAddressKey,
} from './packet-key-fields.ts';

/**
 * Writes what some fields of the packet hold as numbers of 32 bits: two packets with equal numbers have equal fields. First which fields are there, as bits,
 * then the values of those.
 */
export type FieldNumbers = {
  /** Of the longest. */
  most: number;
  /** @returns behind the last */
  write: (target: Int32Array, from: number) => number;
};

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

/** `address`: its name where it is one, decided before any packet comes. */
type Field = { name: string; isInner: boolean; address: AddressKey | undefined };

const namesOfMask = 30;
const wordsOf: Record<AddressKind, number> = { ipv4: 1, ipv6: 4, mac: 2 };

export function createCurrentPacket(): CurrentPacket {
  const texts = createAddressTexts();
  let sample: FlowSample = createFlowSample();
  let view: DataView = new DataView(new ArrayBuffer(0));

  const layerOf = ({ packet }: FlowSample, isInner: boolean): PacketLayer | undefined => {
    if (!isInner) return packet.outer;
    return packet.tunnel.type === undefined ? undefined : packet.tunnel.layer;
  };

  const valueOf = ({ name, isInner, address }: Field): string | number | undefined => {
    const layer = layerOf(sample, isInner);
    if (layer === undefined) return undefined;
    if (address === undefined) {
      const number = fieldNumber(name, layer, view, sample);
      return number === absent ? undefined : fieldValue(name, number);
    }
    const offset = addressOffset(address, layer);
    return offset === absent ? undefined : addressAt(addressKinds[address], offset);
  };

  const addressAt = (kind: AddressKind, offset: number): string => {
    if (kind === 'mac') return hexText(view, offset, 6).toUpperCase();
    return texts[kind](view, offset);
  };

  const readers = new Map<string, () => string | number | undefined>();
  for (const name of ['bytes', ...flowKeyNames]) {
    for (const written of [name, `${name}.1`]) {
      const field = fieldOf(written);
      readers.set(written, () => valueOf(field));
    }
  }

  const either = (one: string, other: string) => (): string | undefined => {
    const found = readers.get(one)?.() ?? readers.get(other)?.();
    return found === undefined ? undefined : String(found);
  };

  return {
    look: (looked, at) => {
      sample = looked;
      view = at;
    },
    fields: fieldsOf(readers),
    numbersOf: (names) => {
      const fields = names.filter((name) => readers.has(name)).map(fieldOf);
      const masks = Math.ceil(fields.length / namesOfMask);
      const words = fields.map(({ address }) => (address === undefined ? 1 : wordsOf[addressKinds[address]]));
      return {
        most: words.reduce((sum, count) => sum + count, masks),
        write: (target, from) => {
          for (let mask = 0; mask < masks; mask += 1) target[from + mask] = 0;
          let at = from + masks;
          let index = 0;
          for (const field of fields) {
            const layer = field.isInner ? layerOf(sample, true) : sample.packet.outer;
            const next = layer === undefined ? at : write(field, layer, view, sample, target, at);
            if (next !== at) {
              const mask = from + Math.floor(index / namesOfMask);
              target[mask] = (target[mask] ?? 0) | (1 << (index % namesOfMask));
              at = next;
            }
            index += 1;
          }
          return at;
        },
      };
    },
    ipSource: either('ipsource', 'ip6source'),
    ipDestination: either('ipdestination', 'ip6destination'),
  };
}

function fieldsOf(readers: ReadonlyMap<string, () => string | number | undefined>): FlowFields {
  const fields = {};
  for (const [name, get] of readers) Object.defineProperty(fields, name, { get, enumerable: true });
  return fields;
}

function fieldOf(written: string): Field {
  const name = written.replace(/\.1$/, '');
  return { name, isInner: written.endsWith('.1'), address: isAddressKey(name) ? name : undefined };
}

/** @returns behind what was written: `at`, where the layer does not have the field */
function write(
  { name, address }: Field,
  layer: PacketLayer,
  view: DataView,
  sample: FlowSample,
  target: Int32Array,
  at: number,
): number {
  if (address === undefined) {
    const number = fieldNumber(name, layer, view, sample);
    if (number === absent) return at;
    target[at] = number;
    return at + 1;
  }
  const offset = addressOffset(address, layer);
  if (offset === absent) return at;
  target[at] = view.getInt32(offset);
  switch (addressKinds[address]) {
    case 'ipv4':
      return at + 1;
    case 'mac':
      target[at + 1] = view.getInt16(offset + 4);
      return at + 2;
    case 'ipv6':
      for (let word = 1; word < wordsOf.ipv6; word += 1) target[at + word] = view.getInt32(offset + word * 4);
      return at + wordsOf.ipv6;
  }
}
