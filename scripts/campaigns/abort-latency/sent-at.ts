/** The instant at which a packet was sent, in the packet itself, so that whoever sees a sample of it knows how long it was on its way. */

const mark = Buffer.from('squall-sent-at:');
/** With the headers of Ethernet, IPv4 and UDP, 42 bytes, all of it is in the 128 bytes that are sampled. */
export const datagramBytes = 64;

/** @param at milliseconds since 1970 */
export function writeSentAt(datagram: Buffer, at: number): void {
  mark.copy(datagram);
  datagram.writeDoubleBE(at, mark.length);
}

/** The instants of all the sampled packets in an sFlow datagram, whatever else is in it. */
export function readSentAt(sflow: Buffer): number[] {
  const instants: number[] = [];
  for (let at = sflow.indexOf(mark); at >= 0; at = sflow.indexOf(mark, at + 1)) {
    const offset = at + mark.length;
    if (offset + 8 <= sflow.length) instants.push(sflow.readDoubleBE(offset));
  }
  return instants;
}
