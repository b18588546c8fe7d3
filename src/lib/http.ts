/**
 * Node's http without an import of their names: importing it into an ES module reads every export, and with them Node loads
 * its whole fetch implementation, 17 MB of memory and 40 ms (a second in the guest) in each process.
 */
export const http = process.getBuiltinModule('node:http');
/** Only where it is needed: it brings TLS with it. */
export const loadHttps = () => process.getBuiltinModule('node:https');
