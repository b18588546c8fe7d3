import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { SquallError } from '../lib/index.ts';
import { apiSocketInGuest } from './run/guest-link.ts';

/** Where state lives when nobody says: $SQUALL_STATE, else /var/lib/squall for root and the XDG state folder for others. */
export function defaultStateFolder(environment: NodeJS.ProcessEnv = process.env, uid = process.getuid?.()): string {
  if (environment.SQUALL_STATE) return resolve(environment.SQUALL_STATE);
  if (uid === 0) return '/var/lib/squall';
  return join(environment.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'squall');
}

/** The id that everything of this state folder carries in a kernel: 8 hexadecimal characters, drawn once. */
export function instanceId(stateFolder: string): string {
  const file = join(stateFolder, 'instance');
  if (!existsSync(file)) draw(stateFolder, file);
  const id = readFileSync(file, 'utf8').trim();
  if (/^[0-9a-f]{8}$/.test(id)) return id;
  throw new SquallError(
    'InvalidInput',
    `${file} holds '${id}', expected 8 hexadecimal characters; restore it, or use another --state folder`,
  );
}

/** Linking a complete file never shows a half-written one and lets the first of two starts win. */
function draw(stateFolder: string, file: string): void {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${String(process.pid)}`;
  writeFileSync(temporary, `${randomBytes(4).toString('hex')}\n`);
  try {
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** The files of a state folder; see the README for what each holds. */
export function stateFiles(stateFolder: string): { database: string; socket: string; runs: string } {
  const socket = apiSocketInGuest() ?? join(stateFolder, 'api.sock');
  return { database: join(stateFolder, 'store.db'), socket, runs: join(stateFolder, 'runs') };
}
