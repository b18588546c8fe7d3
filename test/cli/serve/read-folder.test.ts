import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolderReader } from '../../../src/cli/serve/read-folder.ts';

const manifest = (name: string) => `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkTrafficShaper
metadata: {name: ${name}, namespace: shop}
spec:
  duration: 2s
  targets: [{kind: selector, namespace: shop, targetSelector: {matchLabels: {app: payments}}}]
  configuration: {type: delay, device: eth0, value: 100ms}
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-folder-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Files are written at this instant, in milliseconds since 1970. */
const written = 1_700_000_000_000;

function write(name: string, text: string, at = written): void {
  writeFileSync(join(folder, name), text);
  utimesSync(join(folder, name), at / 1000, at / 1000);
}

describe('a folder', () => {
  it('gives its manifests by the names of files; other files, hidden ones and subfolders are no part of it', async () => {
    write('b.yml', manifest('two'));
    write('a.yaml', manifest('one'));
    write('.hidden.yaml', 'nonsense');
    write('README.md', 'nonsense');
    mkdirSync(join(folder, 'sub.yaml'));
    const { files } = await createFolderReader(folder).look(written + 5000, 0);
    expect(files?.map((file) => [file.name, file.state])).toEqual([
      ['a.yaml', 'good'],
      ['b.yml', 'good'],
    ]);
  });

  it('reads a file only when it has been the same for a second, and keeps what it had before until then', async () => {
    const reader = createFolderReader(folder);
    const state = async (monotonic: number) => {
      const { files } = await reader.look(written, monotonic);
      return files?.map((file) =>
        file.state === 'good' ? file.manifests.map(({ object }) => object.metadata.name) : file.state,
      );
    };
    write('a.yaml', manifest('half'));
    expect(await state(0)).toEqual(['unsettled']);
    write('a.yaml', manifest('whole-one'));
    expect(await state(900)).toEqual(['unsettled']);
    expect(await state(1800)).toEqual(['unsettled']);
    expect(await state(1900)).toEqual([['whole-one']]);
    write('a.yaml', manifest('another-one'));
    expect(await state(5000)).toEqual([['whole-one']]);
    expect(await state(6000)).toEqual([['another-one']]);
  });

  it('keeps a file that is away for one look, as whoever saves it may take it away, and loses one that is away for two', async () => {
    const reader = createFolderReader(folder);
    const names = async () => (await reader.look(written + 5000, 0)).files?.map(({ name, state }) => `${name} ${state}`);
    for (let save = 0; save < 3; save += 1) {
      write('a.yaml', manifest('one'));
      expect(await names()).toEqual(['a.yaml good']);
      rmSync(join(folder, 'a.yaml'));
      expect(await names()).toEqual(['a.yaml good']);
    }
    expect(await names()).toEqual([]);
  });

  it('says what is wrong with a bad file, with its line', async () => {
    write('bad.yaml', `${manifest('one')}---\nkind: Nonsense\n`);
    const { files } = await createFolderReader(folder).look(written + 5000, 0);
    const [file] = files ?? [];
    expect(file).toMatchObject({ name: 'bad.yaml', state: 'bad' });
    expect(file?.state === 'bad' && file.problems[0]?.line).toBeGreaterThan(8);
  });

  it('that cannot be read is a problem, and not an empty folder', async () => {
    const { files, problems } = await createFolderReader(join(folder, 'gone')).look(written, 0);
    expect(files).toBeUndefined();
    expect(problems[0]?.message).toMatch(/What came from it before stays/);
  });
});
