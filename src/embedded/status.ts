/** Answers of this server other than objects: Kubernetes' Status, as data. */

export type Refusal = {
  code: number;
  reason: string;
  message: string;
  details?: { name?: string; kind?: string; causes?: { message: string }[] };
};

export type Outcome<T> = { value: T } | { refusal: Refusal };

export function refuse(code: number, reason: string, message: string, details?: Refusal['details']): { refusal: Refusal } {
  return { refusal: { code, reason, message, details } };
}

export function badRequest(message: string): { refusal: Refusal } {
  return refuse(400, 'BadRequest', message);
}

export function invalid(kind: string, name: string, messages: readonly string[]): { refusal: Refusal } {
  const causes = messages.map((message) => ({ message }));
  return refuse(422, 'Invalid', `${kind} '${name}' is invalid: ${messages.join('; ')}`, { name, kind, causes });
}

export function notFound(plural: string, name: string): { refusal: Refusal } {
  return refuse(404, 'NotFound', `${plural} '${name}' not found`, { name, kind: plural });
}

export function conflict(plural: string, name: string, why: string): { refusal: Refusal } {
  return refuse(409, 'Conflict', `${plural} '${name}': ${why}`, { name, kind: plural });
}

export function expired(version: number | string): { refusal: Refusal } {
  return refuse(410, 'Expired', `resourceVersion ${String(version)} is no longer in the history; list again`);
}

export function failureStatus({ code, reason, message, details }: Refusal): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
}

export function successStatus(details: object): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
