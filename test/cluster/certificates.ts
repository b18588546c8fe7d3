/** Authorities and certificates made with openssl for the tests of one file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../src/lib/index.ts';

export type Certificate = { cert: string; key: string };

async function openssl(args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram('openssl', [...args]);
  if (code !== 0) throw new Error(`openssl ${args[0] ?? ''}: ${stderr}`);
}

const curve = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

/** One authority, and from it a certificate for a server of this name and one for a client of this name. */
export async function makeCertificates(
  folder: string,
  serverName: string,
  user: string,
): Promise<{ ca: string; server: Certificate; client: Certificate }> {
  const file = (name: string): string => join(folder, name);
  const authority = ['-subj', '/CN=authority', '-keyout', file('ca.key'), '-out', file('ca.crt')];
  await openssl(['req', '-x509', '-days', '1', ...curve, ...authority]);
  const sign = async (name: string, subject: string, extension: string): Promise<Certificate> => {
    writeFileSync(file(`${name}.ext`), extension);
    await openssl(['req', ...curve, '-subj', subject, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)]);
    const issuer = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '1'];
    const input = ['-in', file(`${name}.csr`), '-extfile', file(`${name}.ext`), '-out', file(`${name}.crt`)];
    await openssl(['x509', '-req', ...issuer, ...input]);
    return { cert: readFileSync(file(`${name}.crt`), 'utf8'), key: readFileSync(file(`${name}.key`), 'utf8') };
  };
  const server = await sign('server', `/CN=${serverName}`, `subjectAltName=DNS:${serverName}`);
  const client = await sign('client', `/CN=${user}/O=testers`, 'extendedKeyUsage=clientAuth');
  return { ca: readFileSync(file('ca.crt'), 'utf8'), server, client };
}
