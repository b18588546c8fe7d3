/** Why a module may be missing. A hint explains a trial that failed and decides nothing. */

export type ModuleFacts = {
  /** /proc/modules is there. */
  kernelTakesModules: boolean;
  /** The sysctl kernel.modules_disabled. */
  isLoadingDisabled: boolean;
  /** The modules that have a file, as modules.dep of depmod(8) lists them; absent where that could not be read. */
  installed?: string;
};

/** undefined where nothing is known. */
export function moduleHint(name: string, { kernelTakesModules, isLoadingDisabled, installed }: ModuleFacts): string | undefined {
  if (!kernelTakesModules) return 'this kernel was built without loadable modules: only another kernel can have it';
  if (isLoadingDisabled) return 'loading modules was switched off until the next boot (kernel.modules_disabled)';
  if (installed === undefined) return undefined;
  return new RegExp(`/${name}\\.ko(\\.\\w+)?:`).test(installed)
    ? `the module ${name} is installed, but was not loaded: look for it in /etc/modprobe.d and in the kernel's log`
    : `no file of the module ${name} is installed for this kernel`;
}
