#!/usr/bin/env node
// What kubectl runs as `kubectl squall`: the same program, which then asks the cluster of the current context.
process.env.SQUALL_CLUSTER = '1';
await import('./squall.js');
