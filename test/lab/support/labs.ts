import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labDown, type LabPlace, parseTopology, type Topology } from '../../../src/lab/index.ts';

export const supportFolder = import.meta.dirname;

/** A lab of its own for one test file: fresh folder, fresh instance id. */
export function newPlace(): LabPlace {
  return { stateFolder: mkdtempSync(join(tmpdir(), 'squall-lab-test-')), instance: randomBytes(4).toString('hex') };
}

export async function removePlace(place: LabPlace): Promise<void> {
  await labDown(place);
  rmSync(place.stateFolder, { recursive: true, force: true });
}

export function topologyOf(text: string): Topology {
  return parseTopology(text, 'test.yaml', supportFolder);
}

/** Manifest of a pod that only waits. */
export function idlePod(name: string, labels: Record<string, string> = {}): string {
  const spec = "spec: { containers: [{ name: main, command: [sleep, '1000'] }] }";
  return `---\napiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, labels: ${JSON.stringify(labels)} }\n${spec}\n`;
}

/** Names under /run/netns. */
export function networkNamespaces(): string[] {
  return readdirSync('/run/netns');
}

/** Pids of processes whose environment names this instance's lab. */
export function markedProcesses(instance: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`SQUALL_LAB=${instance}`);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}
