/** Whether a failed request may still have taken effect. */
import { codeOf } from '../../base/errors.ts'
import { BodyError } from '../../base/http.ts'
import type { PlatformError } from './errors.ts'
import { kindOfStatus } from './failure.ts'

/**
 * - `no`: it was refused, or never got through.
 * - `perhaps`: the connection broke, or something between us and the platform failed.
 * - `likely`: the platform had it, as its answer or the elapsed time shows.
 */
export type Arrival = 'no' | 'perhaps' | 'likely'

/** Errors of Bun's network that come before the first byte of a request is sent. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ConnectionRefused',
  'FailedToOpenSocket',
  'ENOTFOUND',
  'EAI_AGAIN',
  'DNSException',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EPROTO',
])
const CERTIFICATE = /^(?:CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|UNKNOWN_CERTIFICATE)/

/** Pure. */
export function arrivalOf({ status, kind, body, cause }: PlatformError): Arrival {
  if (status === undefined) return kind === 'retry' ? withoutStatus(cause) : 'no'
  const meaning = kindOfStatus(status)
  if (meaning !== undefined && meaning !== 'retry') return 'no'
  // A cut or unreadable answer may say that the peer is busy with this very message.
  if (cause instanceof BodyError || meaning === undefined) return 'likely'
  if (status < 500) return 'no'
  if (/"(?:busy"\s*:\s*true|delivery_confirmed")/.test(body ?? '')) return 'likely'
  // A platform answers with an error in JSON before it has passed anything on. A proxy answers with a page of its own.
  return isPlatforms(body) ? 'no' : 'perhaps'
}

function withoutStatus(cause: unknown): Arrival {
  if (cause instanceof DOMException && cause.name === 'TimeoutError') return 'likely'
  const code = codeOf(cause)
  if (code === undefined) return 'perhaps'
  return NOT_CONNECTED.has(code) || CERTIFICATE.test(code) ? 'no' : 'perhaps'
}

function isPlatforms(body: string | undefined): boolean {
  return /^\s*\{\s*"/.test(body ?? '')
}
