/** What an answer that is no success means, and how that is said in one line. */

import type { Reply } from '../../base/http.ts'
import { plainText } from '../../base/plain-text.ts'
import { PlatformError, type PlatformErrorKind } from './errors.ts'

/** Client-side statuses after which the same request may well succeed, besides all of 5xx (RFC 9110, RFC 8470). */
const RETRY_STATUSES = new Set([408, 425, 429])
const MAX_RETRY_AFTER_MS = 5 * 60_000

/** Undefined for a success (2xx). */
export function kindOfStatus(status: number): PlatformErrorKind | undefined {
  if (status >= 200 && status < 300) return undefined
  if (status >= 500 || RETRY_STATUSES.has(status)) return 'retry'
  return status === 401 || status === 410 ? 'gone' : 'refused'
}

/** Makes an error of an answer whose status is no success. */
export function readFailure(reply: Reply, platformUrl: string, now: number): PlatformError {
  const { status, text } = reply
  const kind = kindOfStatus(status) ?? 'retry'
  const retryAfterMs = kind === 'retry' ? parseRetryAfter(reply.headers.get('retry-after'), now) : undefined
  return new PlatformError(kind, explain(reply, platformUrl, retryAfterMs), {
    status,
    body: text.slice(0, 2000),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/**
 * Two empty answers have a meaning of their own on hosted platforms: 404 is the tenant guard (no organization
 * named), 403 the CORS check (the `Origin` is not the platform's).
 */
function explain({ status, text }: Reply, platformUrl: string, retryAfterMs: number | undefined): string {
  if (status >= 300 && status < 400) {
    return (
      `${platformUrl} redirects (${status}); redirects are not followed, since the token would travel along. ` +
      'Set MOLECULE_PLATFORM_URL to the address it redirects to, if you trust it.'
    )
  }
  if (status === 404 && text === '') {
    return 'the platform answered an empty 404: it does not know which organization this request belongs to. Set MOLECULE_ORG_ID.'
  }
  if (status === 403 && text === '') {
    return 'the platform answered an empty 403: it does not accept this origin. MOLECULE_PLATFORM_URL must be exactly the address the platform is reached at.'
  }
  const wait = retryAfterMs ? `; it asks to wait ${Math.ceil(retryAfterMs / 1000)} s` : ''
  return `the platform answered ${`${status} ${ownWords(text)}`.trim()}${wait}`
}

/** The `error` of the answer, as a text or as a JSON-RPC error; nothing for a web page, which no line could hold. */
function ownWords(text: string): string {
  try {
    const json: unknown = JSON.parse(text)
    const error = typeof json === 'object' && json !== null && 'error' in json ? json.error : undefined
    const words = typeof error === 'object' && error !== null && 'message' in error ? error.message : error
    return typeof words === 'string' ? plainText(words, 200) : ''
  } catch {
    // Not JSON: the status alone must do.
    return ''
  }
}

/** Milliseconds from a `Retry-After` header (RFC 9110 section 10.2.3: seconds or a date), bounded. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null || value.trim() === '') return undefined
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS) : undefined
}
