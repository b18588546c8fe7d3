import { emptyText, fields, inOrder, isFields, rename, type Rewriter } from '../rewriting.ts';

export const container: Rewriter = (value, path, warn) => {
  if (typeof value !== 'string') return value;
  if (value !== '') warn(path, value, 'not used: the containers of a pod share one network');
  return undefined;
};

/** The talk's slides have placeholders such as podName. They stay, and find nothing. */
const placeholder: Rewriter = (value, path, warn) => {
  if (typeof value === 'string' && /[A-Z]/.test(value))
    warn(path, value, 'nothing in Kubernetes has capital letters in its name');
  return value;
};

const node: Rewriter = (value, path, warn) =>
  isFields(value) && value.kind === 'node' ? rename('node', 'name', 'the origin names a node here')(value, path, warn) : value;

/** The fields by which something that exists is named. */
export const names = fields({ container, name: inOrder(emptyText, placeholder), namespace: placeholder });
export const endpoint = inOrder(names, fields({ port: emptyText }), node);
