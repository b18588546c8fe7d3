import { SquallError } from '../../lib/index.ts';

/** A module's file, and the files that must be loaded before it, all relative to /lib/modules/VERSION. */
export type ModuleDependencies = ReadonlyMap<string, readonly string[]>;

/** Reads depmod's modules.dep: `kernel/fs/fuse/virtiofs.ko: kernel/fs/fuse/fuse.ko …`, one module a line. */
export function parseModuleDependencies(text: string): ModuleDependencies {
  const dependencies = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0)
      dependencies.set(
        line.slice(0, colon),
        line
          .slice(colon + 1)
          .split(' ')
          .filter(Boolean),
      );
  }
  return dependencies;
}

/** The module's name as the kernel prints it: `kernel/net/sched/sch-x.ko.xz` is `sch_x`. */
export function moduleName(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1);
  return base.replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');
}

/**
 * The files of the named modules and of all they need, in an order in which each can be loaded. What the kernel has built in
 * (`builtin` is modules.builtin's text) needs no file; a name that is neither is an error.
 */
export function loadOrder(names: readonly string[], dependencies: ModuleDependencies, builtin = ''): string[] {
  const files = new Map([...dependencies.keys()].map((file) => [moduleName(file), file]));
  const builtinNames = new Set(builtin.split('\n').filter(Boolean).map(moduleName));
  const order = new Set<string>();
  const visiting = new Set<string>();
  const visit = (file: string): void => {
    if (order.has(file)) return;
    if (visiting.has(file)) throw new SquallError('GuestFailed', `the kernel module ${file} depends on itself in modules.dep`);
    visiting.add(file);
    dependencies.get(file)?.forEach(visit);
    visiting.delete(file);
    order.add(file);
  };
  for (const name of names) {
    const file = files.get(name);
    if (file !== undefined) visit(file);
    else if (!builtinNames.has(name)) throw new SquallError('GuestFailed', `the guest's kernel has no module '${name}'`);
  }
  return [...order];
}
