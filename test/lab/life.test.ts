import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labDown, labExec, type LabPlace, labStatus, labUp } from '../../src/lab/index.ts';
import { idlePod, markedProcesses, networkNamespaces, newPlace, removePlace, topologyOf } from './support/labs.ts';

const twoPods = topologyOf(idlePod('one') + idlePod('two'));

describe.skipIf(process.getuid?.() !== 0)('the life of a lab', { timeout: 30_000 }, () => {
  let place: LabPlace;
  beforeEach(() => {
    place = newPlace();
  });
  afterEach(async () => {
    await removePlace(place);
  });

  const recordFile = () => join(place.stateFolder, 'lab', 'record.json');
  const editRecord = (edit: (record: { bootId: string; processes: Record<string, unknown> }) => void) => {
    const before = readFileSync(recordFile(), 'utf8');
    const record = JSON.parse(before) as { bootId: string; processes: Record<string, unknown> };
    edit(record);
    writeFileSync(recordFile(), JSON.stringify(record));
    return before;
  };
  const phasesOf = async () => (await labStatus(place))?.pods.map(({ metadata, status }) => [metadata.name, status?.phase]);

  it('comes up with objects that name real namespaces, and goes down leaving nothing', async () => {
    const before = new Set(networkNamespaces());
    const lab = await labUp({ ...place, topology: twoPods });
    const made = networkNamespaces().filter((name) => !before.has(name));
    expect(made).toEqual(
      expect.arrayContaining([...lab.pods.map(({ metadata }) => `squall-${metadata.uid ?? ''}`), lab.nodeNetworkNamespace]),
    );
    expect(await labStatus(place)).toEqual(lab);
    const removal = await labDown(place);
    expect(removal).toMatchObject({ processes: 2, forgotten: false });
    expect(removal.namespaces).toHaveLength(3);
    expect(networkNamespaces().filter((name) => removal.namespaces.includes(name))).toEqual([]);
    expect(markedProcesses(place.instance)).toEqual([]);
    expect(await labDown(place)).toEqual({ namespaces: [], processes: 0, forgotten: false });
    expect(await labStatus(place)).toBeUndefined();
  });

  it('replaces a lab that is still up', async () => {
    const first = await labUp({ ...place, topology: twoPods });
    const second = await labUp({ ...place, topology: twoPods });
    expect(networkNamespaces()).not.toContain(`squall-${first.pods[0]?.metadata.uid ?? ''}`);
    expect(networkNamespaces()).toContain(`squall-${second.pods[0]?.metadata.uid ?? ''}`);
    expect(markedProcesses(place.instance)).toHaveLength(2);
  });

  it('leaves the labs of other instances alone', async () => {
    const other = newPlace();
    try {
      const lab = await labUp({ ...other, topology: twoPods });
      await labUp({ ...place, topology: twoPods });
      await labDown(place);
      expect(await labStatus(other)).toEqual(lab);
      await expect(labDown({ ...other, instance: place.instance })).rejects.toMatchObject({ code: 'LabFailed' });
      expect(await labStatus(other)).toEqual(lab);
    } finally {
      await removePlace(other);
    }
  });

  it('tells the truth about a pod whose process was killed', async () => {
    await labUp({ ...place, topology: twoPods });
    await labExec({ ...place, pod: 'one', command: ['kill', '-9', ...markedProcesses(place.instance).slice(0, 1)] });
    await expect.poll(phasesOf).toContainEqual(['one', 'Failed']);
    expect(await phasesOf()).toContainEqual(['two', 'Running']);
  });

  it('ends processes that were started later, ignore SIGTERM or left the session', async () => {
    await labUp({ ...place, topology: twoPods });
    const stubborn = spawn('ip', [
      'netns',
      'exec',
      networkNamespaces().find((name) => name.startsWith(`squall-node-${place.instance}`)) ?? '',
      'sh',
      '-c',
      "trap '' TERM; echo on; while :; do sleep 0.1; done",
    ]);
    const ended = new Promise((resolve) =>
      stubborn.once('exit', (_, signal) => {
        resolve(signal);
      }),
    );
    await new Promise((resolve) => stubborn.stdout.once('data', resolve));
    const leave = 'setsid --fork unshare --net sleep 1000 >/dev/null 2>&1';
    expect((await labExec({ ...place, pod: 'one', command: ['sh', '-c', leave] })).code).toBe(0);
    await labDown(place);
    expect(await ended).toBe('SIGKILL');
    expect(markedProcesses(place.instance)).toEqual([]);
  });

  it('does not touch a process that only has the pid of one that was recorded', async () => {
    await labUp({ ...place, topology: twoPods });
    const stranger = spawn('sleep', ['1000']);
    editRecord((record) => {
      record.processes['gone/main'] = { pid: stranger.pid, startTime: 1 };
    });
    await labDown(place);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    stranger.kill();
  });

  it('only forgets a record of another boot', async () => {
    await labUp({ ...place, topology: twoPods });
    const record = editRecord((edited) => {
      edited.bootId = 'another';
    });
    expect(await labStatus(place)).toBeUndefined();
    expect(await labDown(place)).toEqual({ namespaces: [], processes: 0, forgotten: true });
    expect(networkNamespaces()).toContain(`squall-node-${place.instance}`);
    writeFileSync(recordFile(), record);
  });

  it.each([
    [
      'ends at once',
      "[sh, -c, 'echo no money left; exit 3']",
      '',
      /pod default\/bad, container main .* ended with 3.*no money left/s,
    ],
    ['is no program', '[no-such-program]', '', /no-such-program/],
    [
      'never gets ready',
      "[sleep, '1000']",
      ', readinessProbe: { tcpSocket: { port: 80 } }',
      /was not ready within 500 ms; it wrote nothing/,
    ],
    ['has no such folder', "[sleep, '1']", ', workingDir: missing', /working directory .*missing' does not exist/],
  ])('is removed again, with the reason, when a container %s', async (_, command, more, message) => {
    const bad = `---\napiVersion: v1\nkind: Pod\nmetadata: { name: bad }\nspec: { containers: [{ name: main, command: ${command}${more} }] }\n`;
    const topology = topologyOf(idlePod('one') + bad);
    const rejection = expect(labUp({ ...place, topology, readyWithinMs: 500 })).rejects;
    await rejection.toMatchObject({ code: 'LabFailed', message: expect.stringMatching(message) as string });
    expect(networkNamespaces()).not.toContain(`squall-node-${place.instance}`);
    expect(markedProcesses(place.instance)).toEqual([]);
  });

  it('lets a container end where its pod says so', async () => {
    const once = `---\napiVersion: v1\nkind: Pod\nmetadata: { name: once }\nspec: { restartPolicy: Never, containers: [{ name: main, command: ['true'] }] }\n`;
    const lab = await labUp({ ...place, topology: topologyOf(once) });
    expect(lab.pods[0]?.status).toMatchObject({
      phase: 'Succeeded',
      containerStatuses: [{ state: { terminated: { exitCode: 0 } } }],
    });
    expect(await labStatus(place)).toEqual(lab);
  });

  it('removes what it made when it is aborted', async () => {
    const abort = new AbortController();
    const rejection = expect(
      labUp({
        ...place,
        topology: twoPods,
        signal: abort.signal,
        onStep: (step) => {
          if (step === 'namespaces') abort.abort();
        },
      }),
    ).rejects;
    await rejection.toMatchObject({ code: expect.stringMatching(/LabFailed|Unavailable/) as string });
    expect(networkNamespaces()).not.toContain(`squall-node-${place.instance}`);
  });

  it.each([
    ['one', ['sh', '-c', 'echo out; echo err >&2; exit 7'], { code: 7, stdout: 'out\n', stderr: 'err\n' }],
    ['default/two', ['printenv', 'HOSTNAME'], { code: 0, stdout: 'two\n' }],
  ])('runs a program in pod %s', async (pod, command, expected) => {
    await labUp({ ...place, topology: twoPods });
    expect(await labExec({ ...place, pod, command })).toMatchObject(expected);
    await expect(labExec({ ...place, pod: 'three', command })).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringContaining('default/one, default/two') as string,
    });
  });

  it('says how to start one when there is no lab', async () => {
    await expect(labExec({ ...place, pod: 'one', command: ['true'] })).rejects.toThrow('squall lab up');
  });

  it('brings 30 pods up within seconds', async () => {
    const topology = topologyOf(Array.from({ length: 30 }, (_, index) => idlePod(`pod-${String(index)}`)).join(''));
    const started = performance.now();
    await labUp({ ...place, topology });
    // Idle, it takes about 1 s; the bound leaves room for a machine that does other work.
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
