import { isIPv4 } from 'node:net';

/** The network that a CIDR text names, with the bits beyond the prefix cleared; undefined when the text is none. */
export function networkOf(text: string): string | undefined {
  const match = /^([0-9A-Fa-f:.]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const [, address = '', prefixText = ''] = match ?? [];
  const prefix = Number(prefixText);
  const bytes = addressBytes(address);
  if (bytes === undefined || prefix > bytes.length * 8 || isMappedIpv4(address)) return undefined;
  const masked = bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff);
  if (masked.every((byte, index) => byte === bytes[index])) return text;
  return `${addressText(masked)}/${prefix}`;
}

/** An IPv6 text for an IPv4 address, such as ::ffff:10.0.0.1, which no packet carries. */
export function isMappedIpv4(address: string): boolean {
  const bytes = addressBytes(address) ?? [];
  return bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}

function addressBytes(address: string): number[] | undefined {
  if (isIPv4(address)) return address.split('.').map(Number);
  if (!URL.canParse(`http://[${address}]`)) return undefined;
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const after = groups(tail ?? '');
  const missing = 8 - groups(head).length - after.length;
  const all = [...groups(head), ...Array.from({ length: missing }, () => '0'), ...after];
  return all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]);
}

function addressText(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
