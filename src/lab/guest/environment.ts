/** Variables that name sockets and displays of this machine, which the guest cannot reach. */
const ofThisMachineOnly =
  /^(DISPLAY|WAYLAND_DISPLAY|SSH_AUTH_SOCK|SSH_CONNECTION|SSH_CLIENT|SSH_TTY|XDG_RUNTIME_DIR|DBUS_.*|NOTIFY_SOCKET)$/;

/** What a command in the guest gets of this process's environment. */
export function guestEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && !ofThisMachineOnly.test(entry[0])),
  );
}
