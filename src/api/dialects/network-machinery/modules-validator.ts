import type { Path } from '../../problems.ts';
import { drop, type Fields, isFields, type Rewriter, type Warn } from '../rewriting.ts';

/** `value` undefined: it must exist, whatever its value. */
type Setting = { name: string; value?: string };

/**
 * The origin writes sysctls as a tree under `net`, with `ipv4` misplaced under `bridge`, with Calico's proxy_arp turned round
 * and, on the talk's slide, with a setting that has no value.
 */
export const modulesValidator: Rewriter = (written, path, warn) => {
  if (!isFields(written) || !isFields(written.net) || Object.hasOwn(written, 'sysctls')) return written;
  const settings = settingsOf(written.net, ['net'], [...path, 'net'], warn);
  const names = settings.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)).join(', ');
  warn([...path, 'net'], written.net, `a tree of settings; read as sysctls ${names}`);
  const valued = settings.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  const valueless = settings.flatMap(({ name, value }) => (value === undefined ? [{ name, exists: true }] : []));
  const { sysctlRules = [] } = written;
  return {
    ...drop(written, 'net'),
    ...(valued.length === 0 ? {} : { sysctls: Object.fromEntries(valued) }),
    ...(valueless.length === 0 || !Array.isArray(sysctlRules)
      ? {}
      : { sysctlRules: [...(sysctlRules as unknown[]), ...valueless] }),
  };
};

function settingsOf(tree: Fields, prefix: readonly string[], path: Path, warn: Warn): Setting[] {
  return Object.entries(tree).flatMap(([key, inner]) => {
    const here = [...path, key];
    if (isFields(inner)) {
      if (key === 'arp_proxy') return [proxyArp(inner, here, warn)];
      const misplaced = prefix.at(-1) === 'bridge' && (key === 'ipv4' || key === 'ipv6');
      if (misplaced) warn(here, inner, `misplaced under bridge; read as net.${key}`);
      return settingsOf(inner, misplaced ? ['net', key] : [...prefix, key], here, warn);
    }
    return [setting([...prefix, key].join('.'), inner, here, warn)];
  });
}

function proxyArp(written: Fields, path: Path, warn: Warn): Setting {
  const device = typeof written.interface === 'string' ? written.interface : 'all';
  // As sysctl(8) writes it: a dot within a device's name becomes a slash.
  const name = `net.ipv4.conf.${device.replaceAll('.', '/')}.proxy_arp`;
  warn(path, written, `the kernel calls it proxy_arp, by device; read as ${name}`);
  return setting(name, written.value, [...path, 'value'], warn);
}

function setting(name: string, value: unknown, path: Path, warn: Warn): Setting {
  if (value === null || value === undefined || value === '') {
    warn(path, value, 'no value; read as: it must exist');
    return { name };
  }
  return { name, value: typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value) };
}
