/** Texts of addresses, of which the same few come again and again. A fixed number is kept; another address takes the place of the one before it there. */
import { ipv4Text, ipv6Text } from '../sflow/decode/object/text.ts';

const slots = 4096;
const wordsOfSlot = 4;

export type AddressTexts = {
  /** Offsets must be inside the view. */
  ipv4: (view: DataView, offset: number) => string;
  ipv6: (view: DataView, offset: number) => string;
  /** By the type of an agent's address: undefined for one that the sender does not know. */
  ofAgent: (view: DataView, type: number, offset: number) => string | undefined;
};

export function createAddressTexts(): AddressTexts {
  const [shortKeys, shortTexts] = [new Int32Array(slots), Array<string | undefined>(slots)];
  const [longKeys, longTexts] = [new Int32Array(slots * wordsOfSlot), Array<string | undefined>(slots)];

  const isAt = (slot: number, view: DataView, offset: number): boolean => {
    for (let word = 0; word < wordsOfSlot; word += 1) {
      if (longKeys[slot * wordsOfSlot + word] !== view.getInt32(offset + word * 4)) return false;
    }
    return true;
  };

  const texts: AddressTexts = {
    ipv4: (view, offset) => {
      const word = view.getInt32(offset);
      const slot = slotOf(word);
      const known = shortTexts[slot];
      if (known !== undefined && shortKeys[slot] === word) return known;
      shortKeys[slot] = word;
      return (shortTexts[slot] = ipv4Text(view, offset));
    },
    ipv6: (view, offset) => {
      let mixed = 0;
      for (let word = 0; word < wordsOfSlot; word += 1) mixed = Math.imul(mixed, 31) ^ view.getInt32(offset + word * 4);
      const slot = slotOf(mixed);
      const known = longTexts[slot];
      if (known !== undefined && isAt(slot, view, offset)) return known;
      for (let word = 0; word < wordsOfSlot; word += 1) longKeys[slot * wordsOfSlot + word] = view.getInt32(offset + word * 4);
      return (longTexts[slot] = ipv6Text(view, offset));
    },
    ofAgent: (view, type, offset) => {
      if (type === 1) return texts.ipv4(view, offset);
      return type === 2 ? texts.ipv6(view, offset) : undefined;
    },
  };
  return texts;
}

/** Multiplicative hashing (Knuth, The Art of Computer Programming, 6.4): neighbours are spread. */
const slotOf = (word: number): number => (Math.imul(word, 0x9e37_79b1) >>> 20) % slots;
