/** What can go wrong with a request to a platform, in the three kinds a caller can act on. */

/**
 * - `retry`: the platform could not answer now (network, timeout, 408, 425, 429, 5xx, an answer that is not JSON).
 * - `refused`: the request is wrong or not allowed; the same request will be refused again.
 * - `gone`: the token or the workspace is no longer valid. One such answer proves nothing, since a platform whose
 *   database is down says the same: confirm it before giving anything up.
 */
export type PlatformErrorKind = 'retry' | 'refused' | 'gone'

export interface PlatformErrorDetails {
  readonly status?: number | undefined
  readonly retryAfterMs?: number | undefined
  /** The answer's body, cut; empty for an empty body, absent without an answer. */
  readonly body?: string | undefined
  readonly cause?: unknown
}

export class PlatformError extends Error {
  readonly kind: PlatformErrorKind
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
  readonly body: string | undefined

  constructor(kind: PlatformErrorKind, message: string, details: PlatformErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'PlatformError'
    this.kind = kind
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs
    this.body = details.body
  }
}
