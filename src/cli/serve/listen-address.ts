import { SquallError } from '../../lib/index.ts';

/** Where a server of ours listens; port 0 lets the kernel draw one. */
export type ListenAddress = { host: string; port: number };

/**
 * Reads `127.0.0.1:9464`, `[::1]:9464`, or `none`, which is undefined. Throws InvalidInput for anything else.
 * @param option which an error names
 */
export function parseListenAddress(text: string, option = '--listen'): ListenAddress | undefined {
  if (text === 'none') return undefined;
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    throw new SquallError(
      'InvalidInput',
      `${option}: expected an address and a port such as 127.0.0.1:9464 or [::1]:9464, or 'none', found '${text}'`,
    );
  }
  return { host, port };
}
