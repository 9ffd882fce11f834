/** gRPC's status codes that Temporal's server answers with and that mean something of their own here. */
export const GRPC = {
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The status code of an error, or of its cause; undefined where neither is one of gRPC's. */
export function codeOf(error: unknown): number | undefined {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === 'number') return code;
  return cause === undefined ? undefined : codeOf(cause);
}

/** Whether an error's code is one of some. */
export function hasCode(error: unknown, ...codes: readonly (keyof typeof GRPC)[]): boolean {
  const code = codeOf(error);
  return codes.some((name) => GRPC[name] === code);
}

/** What to do about a namespace that is not there. */
export const namespaceMend = (namespace: string): string =>
  `set TEMPORAL_NAMESPACE, or create it: temporal operator namespace create --namespace ${namespace} --retention 90d`;

/** One line about a namespace that is not there. */
export const namespaceMissing = (namespace: string): string =>
  `the Temporal server has no namespace ${namespace}; ${namespaceMend(namespace)}`;
