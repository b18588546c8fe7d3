/** Writes what a campaign has shown into docs/evidence, with the commit that it was shown for. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function writeEvidence({
  root,
  campaign,
  data,
  text,
}: {
  root: string;
  campaign: string;
  data: object;
  text: string;
}): void {
  const folder = join(root, 'docs/evidence');
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const date = new Date().toISOString();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${campaign}.json`), `${JSON.stringify({ campaign, commit, date, ...data }, null, 1)}\n`);
  writeFileSync(join(folder, `${campaign}.md`), `# ${campaign}\n\nCommit ${commit}, ${date}.\n\n${text}\n`);
}
