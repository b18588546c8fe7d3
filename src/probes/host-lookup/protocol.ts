/** What goes over the pipes between the agent and the program that looks host names up. */

/** The number by which the program inherits the folder that its target has as its root. */
export const inheritedRoot = 4;

/** Of each family; a name that has more is refused, for every version of a fault would carry them all. */
export const mostAddresses = 64;

/** First and only line on the program's standard input. */
export type HostLookupRequest = {
  hosts: string[];
  /** The target's own are found in its root; else these, by their absolute paths. A file that is not there is an empty one. */
  files: 'in-inherited-root' | { resolvConf: string; hosts: string };
  /** All names together; what is not known by then has failed. */
  withinMs: number;
};

/** Addresses are sorted; `ttlSeconds` is the shortest, and absent where no name server was asked. */
export type FoundHost = { host: string; ipv4: string[]; ipv6: string[]; ttlSeconds?: number };

/** @property error the whole reason: which name servers were asked for which name, and what came of it. */
export type UnknownHost = { host: string; error: string };

/** One line of the program's standard output; there is one for each name. */
export type HostLookupLine = FoundHost | UnknownHost;
