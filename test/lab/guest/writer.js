// Run in the guest by boot.test.ts: writes to the folder named by its argument in all ways that Squall does, then waits.
import { appendFileSync, closeSync, fsyncSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const folder = process.argv[2];

const store = new DatabaseSync(join(folder, 'store.db'));
store.exec(
  'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE things (number INTEGER)',
);
const insert = store.prepare('INSERT INTO things VALUES (?)');
for (let number = 0; number < 100; number += 1) insert.run(number);

appendFileSync(join(folder, 'journal'), 'first\n');
appendFileSync(join(folder, 'journal'), 'second\n');

const file = openSync(join(folder, 'fresh'), 'w');
writeSync(file, 'data');
fsyncSync(file);
closeSync(file);
renameSync(join(folder, 'fresh'), join(folder, 'renamed'));

writeFileSync('/outside-the-share', 'vanishes');

const socketPath = join(folder, 'api.sock');
createServer((_, response) => response.end('socket answers')).listen(socketPath, () => {
  get({ socketPath, path: '/' }, (answer) => {
    answer.on('data', (data) => console.log(String(data)));
    answer.on('end', () => console.log('written'));
  });
});
