import type { ModulesValidator, PreflightCheck } from '../api/index.ts';

/**
 * The checks that a node's agent is to make for a validator, in the order in which people wrote them.
 * @param podUids of the pods whose own sysctls are checked; where there are none, rules of scope pod make no check
 */
export function checksOfValidator(validator: ModulesValidator, podUids: readonly string[]): PreflightCheck[] {
  const { sysctls, modules, qdiscs, features, tools, kernel } = validator;
  return [
    ...(kernel === undefined ? [] : [{ check: 'kernel' as const, range: kernel }]),
    ...sysctls.flatMap(({ name: sysctl, scope, expect }): PreflightCheck[] =>
      scope === 'host'
        ? [{ check: 'sysctl', sysctl, expect }]
        : podUids.map((podUid) => ({ check: 'sysctl', sysctl, podUid, expect })),
    ),
    ...modules.map((module) => ({ check: 'module' as const, module })),
    ...qdiscs.map((qdisc) => ({ check: 'qdisc' as const, qdisc })),
    ...features.map((capability) => ({ check: 'capability' as const, capability })),
    ...tools.map((tool) => ({ check: 'tool' as const, tool })),
  ];
}

/** What a check is about, in words, such as `sysctl net.ipv4.ip_forward`: each of its words and numbers. */
export function nameOfCheck({ check, ...details }: PreflightCheck): string {
  const words = (Object.values(details) as unknown[]).filter((detail) => typeof detail !== 'object');
  return [check, ...words].join(' ');
}

/** Without those that ask the same again. */
export function distinctChecks(checks: readonly PreflightCheck[]): PreflightCheck[] {
  return [...new Map(checks.map((check) => [JSON.stringify(check), check])).values()];
}
