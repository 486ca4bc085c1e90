/** What an unsuccessful answer means, and the sentence that says so. */

import type { Reply } from '../../base/http.ts'
import { plainText } from '../../base/plain-text.ts'
import { PlatformError, type PlatformErrorKind } from './errors.ts'

/** Client error statuses after which the same request may succeed (RFC 9110, RFC 8470), besides all of 5xx. */
const RETRY_STATUSES = new Set([408, 425, 429])
const MAX_RETRY_AFTER_MS = 5 * 60_000

/** Undefined for a success (2xx). */
export function kindOfStatus(status: number): PlatformErrorKind | undefined {
  if (status >= 200 && status < 300) return undefined
  if (status >= 500 || RETRY_STATUSES.has(status)) return 'retry'
  return status === 401 || status === 410 ? 'gone' : 'refused'
}

/**
 * Turns an unsuccessful answer into an error.
 *
 * @param now milliseconds since the epoch.
 */
export function readFailure(reply: Reply, platformUrl: string, now: number): PlatformError {
  const { status, text } = reply
  const kind = kindOfStatus(status) ?? 'retry'
  const retryAfterMs = kind === 'retry' ? parseRetryAfter(reply.headers.get('retry-after'), now) : undefined
  return new PlatformError(kind, explain(reply, platformUrl, retryAfterMs), {
    status,
    body: text.slice(0, 2000),
    retryAfterMs,
  })
}

/**
 * On hosted platforms, two empty answers have a meaning of their own: 404 comes from the tenant guard (the request names
 * no organization), 403 from the CORS check (the `Origin` is not the platform's).
 */
function explain({ status, text }: Reply, platformUrl: string, retryAfterMs: number | undefined): string {
  if (status >= 300 && status < 400) {
    return (
      `${platformUrl} redirects (${status}); redirects are not followed, because that would send the token to another address. ` +
      'If you trust the address it redirects to, set MOLECULE_PLATFORM_URL to that.'
    )
  }
  if (status === 404 && text === '') {
    return 'the platform answered an empty 404: it cannot tell which organization this request belongs to. Set MOLECULE_ORG_ID.'
  }
  if (status === 403 && text === '') {
    return "the platform answered an empty 403: it does not accept this origin. Set MOLECULE_PLATFORM_URL to the platform's exact address."
  }
  if (kindOfStatus(status) === 'refused' && /^\s*</.test(text)) {
    return `the platform answered ${status} with a web page; is ${platformUrl} its address?`
  }
  const wait = retryAfterMs ? `; it asks to wait ${Math.ceil(retryAfterMs / 1000)} s` : ''
  return `the platform answered ${`${status} ${ownWords(text)}`.trim()}${wait}`
}

/** The `error` of the answer, as text or as a JSON-RPC error; empty for anything else, such as a web page. */
function ownWords(text: string): string {
  try {
    const json: unknown = JSON.parse(text)
    const error = typeof json === 'object' && json !== null && 'error' in json ? json.error : undefined
    const words = typeof error === 'object' && error !== null && 'message' in error ? error.message : error
    return typeof words === 'string' ? plainText(words, 200) : ''
  } catch {
    // Not JSON: the status must suffice.
    return ''
  }
}

/** Milliseconds from a `Retry-After` header (RFC 9110 section 10.2.3: seconds or a date), bounded. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null || value.trim() === '') return undefined
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS) : undefined
}
