/** NetworkHalt: the safety lever. While one exists, under whatever name, nothing is hurt and nothing begins. */
import { object, text } from '../fields.ts';
import { apiVersion } from '../metadata.ts';
import { defineKind } from './definition.ts';

export type Halt = { reason: string; by: string };

/** What a person reads: something must be in it. */
const somethingSaid = /\S/;

export const networkHalt = defineKind({
  apiVersion,
  kind: 'NetworkHalt',
  plural: 'networkhalts',
  singular: 'networkhalt',
  shortName: 'nh',
  // It is about every namespace: who may see one alone could not know that it is pulled.
  namespaced: false,
  status: false,
  specSchema: object({
    reason: text('why everything is halted, in words', somethingSaid, 1000),
    by: text('who halts everything, such as ada@laptop', somethingSaid, 253),
  }),
  toModel: ({ reason, by }): Halt => ({ reason, by }),
});
