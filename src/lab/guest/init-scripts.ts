/** Where the guest keeps what Squall brings into it; on a tmpfs of the guest. */
export const guestFolder = '/run/squall-guest';

/** Names of the virtio-serial ports between the two sides, and of the console that stands for a terminal. */
export const ports = {
  control: 'squall.control',
  stdout: 'squall.stdout',
  stderr: 'squall.stderr',
  link: 'squall.link',
} as const;

/**
 * Where a guest with a network card reaches servers that listen on the host's loopback, and its own address beside it: both are
 * what QEMU's user networking gives when nothing is said (QEMU manual, Network emulation).
 */
export const hostAddress = '10.0.2.2';
const ownAddress = '10.0.2.15/24';

/** A folder of the host that the guest may write, at the same absolute path. */
export type WritableShare = { tag: string; path: string };

export type GuestCommand = {
  command: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  terminal?: { columns: number; rows: number };
};

/** One word of a POSIX shell that means exactly this text. */
export function quoteWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The kernel's first program in a trial boot: says that it came so far. */
export function trialScript(answer: string): string {
  return `#!/bin/busybox sh\necho ${answer}\nexec /bin/busybox poweroff -f\n`;
}

/**
 * The kernel's first program: loads what mounting needs, stacks a tmpfs over the host's read-only files, makes the unpacked
 * kernel's modules loadable, and hands over to the supervisor.
 * @param modules files in the ramdisk's /modules, in load order
 * @param modulesFolder the host folder that holds VERSION/kernel/…
 */
export function initScript(
  modules: readonly string[],
  modulesFolder: string,
  writable: readonly WritableShare[],
  network = false,
): string {
  const loads = modules.map((file) => `insmod /modules/${quoteWord(file)} || fail 'loading ${file}'`);
  const shares = writable.map(({ tag, path }) => {
    const point = quoteWord(`/new${path}`);
    return `mkdir -p ${point} && mount -t virtiofs ${tag} ${point} || fail ${quoteWord(`mounting ${path}`)}`;
  });
  const card = network ? [`ip addr add ${ownAddress} dev eth0 && ip link set eth0 up || fail 'setting up the network card'`] : [];
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
fail() { echo "squall-guest: $1 failed"; sleep 1; poweroff -f; }
mkdir -p /proc /sys /dev /lower /upper /new
mount -t devtmpfs dev /dev && mount -t proc proc /proc && mount -t sysfs sys /sys || fail 'mounting /dev, /proc and /sys'
${loads.join('\n')}
mount -t virtiofs -o ro root /lower || fail 'mounting the files of the host'
mount -t tmpfs -o mode=755,size=75% upper /upper && mkdir /upper/data /upper/work || fail 'mounting a tmpfs'
mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay /new || fail 'mounting the overlay'
mount -t tmpfs -o mode=755,nosuid,nodev run /new/run && mkdir -p /new/run/netns /new/run/lock /new${guestFolder} || fail 'mounting /run'
cp -a /bin/busybox /squall/. /new${guestFolder}/ || fail 'copying the supervisor'
mkdir -p /new/lib/modules && mount --bind ${quoteWord(`/new${modulesFolder}`)} /new/lib/modules || fail 'mounting the modules'
mkdir -p /dev/pts /dev/shm && mount -t devpts -o mode=620,ptmxmode=666 pts /dev/pts && mount -t tmpfs -o mode=1777 shm /dev/shm || fail 'mounting /dev/pts'
ln -sf /proc/self/fd /dev/fd; ln -sf fd/0 /dev/stdin; ln -sf fd/1 /dev/stdout; ln -sf fd/2 /dev/stderr
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --move /dev /new/dev && mount --move /proc /new/proc && mount --move /sys /new/sys || fail 'moving /dev, /proc and /sys'
${shares.join('\n')}
echo squall-guest > /new/proc/sys/kernel/hostname
echo ${guestFolder}/tools/modprobe > /new/proc/sys/kernel/modprobe
${['ip link set lo up', ...card].join('\n')}
exec switch_root /new ${guestFolder}/busybox sh ${guestFolder}/supervise
`;
}

/**
 * The program that the kernel calls, and people may call, to load modules.
 * @param program a link to kmod; kmod acts by the name it is called by
 */
export function moduleToolScript(program: string, libraryPath: string): string {
  return `#!${guestFolder}/busybox sh
export LD_LIBRARY_PATH=${quoteWord(libraryPath)}
exec ${quoteWord(program)} "$@"
`;
}

/** Becomes the command; the process id stays the same, so that signals find it. */
export function commandScript({ command, cwd, env }: GuestCommand): string {
  const path = env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const all = { ...env, PATH: `${path}:${guestFolder}/tools`, SQUALL_GUEST: '1' };
  const variables = Object.entries(all).map(([name, value]) => quoteWord(`${name}=${value}`));
  return `echo $$ > ${guestFolder}/command.pid
cd ${quoteWord(cwd)} || exit 126
exec /usr/bin/env -i ${variables.join(' ')} ${command.map(quoteWord).join(' ')}
`;
}

/**
 * The guest's process 1 from here on: opens the ports, says `ready`, awaits `start INSTANT`, runs the command, forwards
 * `signal NAME` and `size COLUMNS ROWS`, answers `time` with `time SECONDS`, sets its clock at `clock INSTANT`, and says
 * `exit CODE`. When the host's end of the control port closes, nobody is
 * left to work for and the machine powers off.
 */
export function supervisorScript(terminal?: { columns: number; rows: number }): string {
  // A console forgets its size and modes when nobody has it open.
  const size =
    terminal === undefined
      ? ''
      : `exec 4<>/dev/hvc0; $b stty raw -echo cols ${String(terminal.columns)} rows ${String(terminal.rows)} <&4`;
  const stdout = terminal === undefined ? `${guestFolder}/stdout` : '/dev/hvc0';
  return `b=${guestFolder}/busybox
find_port() {
  for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    for port in /sys/class/virtio-ports/*; do
      if [ "$($b cat "$port/name" 2>/dev/null)" = "$1" ]; then echo "/dev/\${port##*/}"; return; fi
    done
    $b sleep 0.1
  done
  echo "squall-guest: no port $1" >/dev/console
  $b poweroff -f
}
exec 3<>"$(find_port ${ports.control})"
$b mkfifo ${guestFolder}/stdout ${guestFolder}/stderr
# Reading the program from the host takes half a second that the clock would be late.
/bin/date >/dev/null
echo ready >&3
read -r word instant <&3 || $b poweroff -f
/bin/date -u -s "@$instant" >/dev/null
${size}
(
  while read -r word first second <&3; do
    case $word in
      signal) while ! [ -s ${guestFolder}/command.pid ]; do $b sleep 0.05; done; kill -s "$first" "$($b cat ${guestFolder}/command.pid)" ;;
      time) echo "time $(/bin/date +%s.%N)" >&3 ;;
      clock) /bin/date -u -s "@$first" >/dev/null ;;
      size) $b stty cols "$first" rows "$second" <&4; kill -s WINCH "$($b cat ${guestFolder}/command.pid)" ;;
    esac
  done
  $b poweroff -f
) &
${terminal === undefined ? `$b cat <${guestFolder}/stdout >"$(find_port ${ports.stdout})" 3>&- & output=$!` : 'output='}
$b cat <${guestFolder}/stderr >"$(find_port ${ports.stderr})" 3>&- & errors=$!
$b setsid $b sh ${guestFolder}/command </dev/null >${stdout} 2>${guestFolder}/stderr 3>&- 4>&-
code=$?
# A process that outlives the command may hold its output open for ever.
( $b sleep 3; kill $output $errors ) 2>/dev/null &
wait $output $errors 2>/dev/null
$b sync
echo "exit $code" >&3
$b sleep 5
$b poweroff -f
`;
}
