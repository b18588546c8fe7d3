import type { Path } from '../../problems.ts';
import { drop, type Fields, isFields, type Rewriter, type Warn } from '../rewriting.ts';

/**
 * The origin writes sysctls as a tree under `net`, with `ipv4` misplaced under `bridge`, with Calico's proxy_arp turned round
 * and, on the talk's slide, with a setting that has no value.
 */
export const modulesValidator: Rewriter = (value, path, warn) => {
  if (!isFields(value) || !isFields(value.net) || Object.hasOwn(value, 'sysctls')) return value;
  const settings = settingsOf(value.net, ['net'], [...path, 'net'], warn);
  const names = settings.map(([name, setting]) => `${name}=${setting}`).join(', ');
  warn([...path, 'net'], value.net, `a tree of settings; read as sysctls ${names}`);
  return { ...drop(value, 'net'), sysctls: Object.fromEntries(settings) };
};

function settingsOf(tree: Fields, prefix: readonly string[], path: Path, warn: Warn): [name: string, setting: string][] {
  return Object.entries(tree).flatMap(([key, inner]) => {
    const here = [...path, key];
    if (isFields(inner)) {
      if (key === 'arp_proxy') return proxyArp(inner, here, warn);
      const misplaced = prefix.at(-1) === 'bridge' && (key === 'ipv4' || key === 'ipv6');
      if (misplaced) warn(here, inner, `misplaced under bridge; read as net.${key}`);
      return settingsOf(inner, misplaced ? ['net', key] : [...prefix, key], here, warn);
    }
    return [[[...prefix, key].join('.'), settingText(inner, here, warn)]];
  });
}

function proxyArp(written: Fields, path: Path, warn: Warn): [string, string][] {
  const device = typeof written.interface === 'string' ? written.interface : 'all';
  // As sysctl(8) writes it: a dot within a device's name becomes a slash.
  const name = `net.ipv4.conf.${device.replaceAll('.', '/')}.proxy_arp`;
  warn(path, written, `the kernel calls it proxy_arp, by device; read as ${name}`);
  return [[name, settingText(written.value, [...path, 'value'], warn)]];
}

function settingText(value: unknown, path: Path, warn: Warn): string {
  if (value === null || value === undefined || value === '') {
    warn(path, value, 'no value; read as 1, switched on');
    return '1';
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
}
