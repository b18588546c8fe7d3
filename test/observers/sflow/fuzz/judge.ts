/** What must hold of the decode of any bytes, whatever they are. */
import { createDatagramDecoder, type SflowDatagram } from '../../../../src/observers/index.ts';
import { builtDatagrams } from './seeds.ts';

/**
 * A result is bounded by the datagram's length: no more than a value for each 2 bytes, and 16 characters of JSON for each byte, besides what an
 * empty datagram has. (A counter of 4 bytes has a name of up to 34 characters.)
 */
export const bounds = { bytesPerValue: 2, charactersPerByte: 16, ofEmpty: { values: 12, characters: 400 } } as const;

export type Judgement = { problem: string | undefined; values: number; characters: number; samples: number; complained: boolean };

/** A judge has one decoder for all datagrams, as a collector has, and one that has always read the same before. */
export function createJudge(): (datagram: Uint8Array) => Judgement {
  const decode = createDatagramDecoder();
  const decodeElsewhere = createDecoderElsewhere();
  return (datagram) => {
    const decoded = attempt(() => decode(datagram));
    if (decoded instanceof Error) {
      return { problem: `it threw ${decoded.stack ?? decoded.message}`, values: 0, characters: 0, samples: 0, complained: true };
    }
    const json = JSON.stringify(decoded);
    const [values, characters] = [countValues(decoded), json.length];
    const samples = 'samples' in decoded ? decoded.samples.length : 0;
    const problem = [
      ...(values > datagram.length / bounds.bytesPerValue + bounds.ofEmpty.values ? [`${values} values`] : []),
      ...(characters > datagram.length * bounds.charactersPerByte + bounds.ofEmpty.characters
        ? [`${characters} characters`]
        : []),
      ...(!('sequence' in decoded) && decoded.error === '' ? ['neither a header nor an error'] : []),
      ...(json === JSON.stringify(decodeElsewhere(datagram))
        ? []
        : ['another result among other bytes and behind another datagram']),
    ];
    const complained = json.includes('"error":');
    return { problem: problem.length === 0 ? undefined : problem.join(', '), values, characters, samples, complained };
  };
}

/** What is behind and before a datagram in memory, and what was decoded before it, must not show in its result. */
function createDecoderElsewhere(): (datagram: Uint8Array) => SflowDatagram {
  const decode = createDatagramDecoder();
  return (datagram) => {
    for (const other of builtDatagrams) decode(other);
    const surrounded = new Uint8Array(datagram.length + 64).fill(0x45);
    surrounded.set(datagram, 32);
    return decode(surrounded.subarray(32, 32 + datagram.length));
  };
}

function attempt<Result>(work: () => Result): Result | Error {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Texts, numbers and truths, however deep. */
function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  let count = 0;
  for (const one of Object.values(value)) count += countValues(one);
  return count;
}
