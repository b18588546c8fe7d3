import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { throughSfacctd } from '../../scripts/bench/sflow-sfacctd.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'squall-sfacctd-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function programOf(script: string): Promise<string> {
  const program = join(folder, 'program');
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  return program;
}

const writes = (text: string): string => `printf '${text}' > "$(sed -n 's/print_output_file: //p' "$2")"`;

describe('the processor time of sfacctd', () => {
  it.each([
    ['it failed', `${writes('SRC_IP\\n10.0.0.1\\n')}; exit 3`, /ended with 3/],
    ['it wrote nothing', 'exit 0', /has written no flows/],
    ['it wrote a head only', writes('SRC_IP\\n'), /has written no flows/],
  ])('is no figure where %s', async (_, script, message) => {
    await expect(throughSfacctd('none.pcap', folder, await programOf(script))).rejects.toThrow(message);
  });

  it('is one where it wrote flows, which are not those of the time before', async () => {
    const working = await programOf(writes('SRC_IP\\n10.0.0.1\\n'));
    expect(await throughSfacctd('none.pcap', folder, working)).toBeGreaterThanOrEqual(0);
    await expect(throughSfacctd('none.pcap', folder, await programOf('exit 0'))).rejects.toThrow(/has written no flows/);
  });
});
