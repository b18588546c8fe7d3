import { type ErrorCode, SquallError } from '../lib/index.ts';

/** Kubernetes' Status object, as far as it is read here. */
export type KubeStatus = { kind?: string; code?: number; reason?: string; message?: string; details?: { name?: string } };

const codeOfReason: Record<string, ErrorCode> = {
  AlreadyExists: 'AlreadyExists',
  Conflict: 'Conflict',
  Expired: 'Expired',
  Gone: 'Expired',
  BadRequest: 'InvalidInput',
  Invalid: 'InvalidInput',
  RequestEntityTooLarge: 'InvalidInput',
  Forbidden: 'PermissionDenied',
  Unauthorized: 'PermissionDenied',
};

const codeOfHttp: Record<number, ErrorCode> = {
  400: 'InvalidInput',
  401: 'PermissionDenied',
  403: 'PermissionDenied',
  404: 'NotImplemented',
  409: 'Conflict',
  410: 'Expired',
  413: 'InvalidInput',
  422: 'InvalidInput',
  429: 'Unavailable',
};

/**
 * The error that an answer means. A 404 that names an object is NotFound. One that does not speaks of the kind itself: the
 * server does not serve it, which must not be taken for an object that is gone.
 */
export function failureOf(what: string, httpStatus: number, status: KubeStatus): SquallError {
  const { reason = '', message = `HTTP ${String(httpStatus)}`, details } = status;
  const text = `${what}: ${message}`;
  if (httpStatus === 404 && reason === 'NotFound' && details?.name) return new SquallError('NotFound', text);
  if (httpStatus === 404) {
    return new SquallError('NotImplemented', `${text}; the server does not serve this kind: install its definition first`);
  }
  return new SquallError(
    codeOfReason[reason] ?? codeOfHttp[httpStatus] ?? (httpStatus >= 500 ? 'Unavailable' : 'Internal'),
    text,
  );
}

/** Servers and proxies also answer with plain text. */
export function readStatus(body: string): KubeStatus {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch {
    // Not JSON: the text itself is the message.
  }
  return body === '' ? {} : { message: body.slice(0, 500).trim() };
}
