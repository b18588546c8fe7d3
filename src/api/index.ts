/**
 * The kinds: what people may write, as schemas, and what every other room works with, as types in base units.
 * Manifests in any dialect come in. Typed, complete, normalised objects go out, or errors that name file, line, field and expectation.
 */
export * from './measurement.ts';
export * from './metadata.ts';
export * from './model.ts';
export * from './node-task.ts';
export * from './report.ts';
