/**
 * Everything said to a platform passes through `call`: who we are, how long we wait, how much we read, what the
 * answer means, and when to ask again. It knows nothing of the single resources.
 */
import type { ZodType } from 'zod'
import { backoffDelayMs } from './backoff.ts'
import { PlatformError } from './errors.ts'
import { BodyError, deadline, exchange, platformHeaders, type Reply } from './http.ts'
import { sleep } from './sleep.ts'

/** One workspace as seen from outside: where it lives and how we prove that we are it. */
export interface Endpoint {
  readonly platformUrl: string
  readonly workspaceId: string
  readonly token: string
  /** Sent as `X-Molecule-Org-Id`: a hosted tenant answers an empty 404 to a request that names no organization. */
  readonly orgId?: string | undefined
}

export interface Call {
  readonly method?: 'GET' | 'POST'
  /** Absolute path below the platform's URL, built by the resource modules from checked ids. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  readonly timeoutMs?: number
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  /** How often the call is made in all. More than 1 only for a call that may be repeated without harm. */
  readonly attempts?: number
  /** Narrows which `retry` errors are worth another attempt; without it all of them are. */
  readonly retryIf?: (error: PlatformError) => boolean
}

export interface ClientDependencies {
  readonly fetchImpl?: typeof fetch
  readonly random?: () => number
}

const DEFAULT_TIMEOUT_MS = 15_000
const DEFAULT_MAX_BYTES = 4 * 1024 * 1024
/** Client-side statuses after which the same request may well succeed, besides all of 5xx (RFC 9110, RFC 8470). */
const RETRY_STATUSES = new Set([408, 425, 429])
const MAX_RETRY_AFTER_MS = 5 * 60_000

export class PlatformClient {
  readonly endpoint: Endpoint
  readonly #deps: ClientDependencies

  constructor(endpoint: Endpoint, deps: ClientDependencies = {}) {
    this.endpoint = endpoint
    this.#deps = deps
  }

  /**
   * Makes one call and gives the answer as typed JSON.
   *
   * @param schema what the answer must look like; an answer that does not fit counts as a `retry` error, since it
   * is what a proxy's page or a half-written answer looks like.
   * @throws {@link PlatformError}, or the abort reason when `signal` ended it.
   */
  async json<T>(call: Call, schema: ZodType<T>): Promise<T> {
    return (await this.answer(call, schema)).value
  }

  /** As {@link json}, with the status: some resources tell more by it than by the body. */
  async answer<T>(call: Call, schema: ZodType<T>): Promise<{ readonly status: number; readonly value: T }> {
    for (let attempt = 1; ; attempt++) {
      try {
        const reply = await this.#once(call)
        return { status: reply.status, value: parseReply(reply, schema) }
      } catch (error) {
        if (call.signal?.aborted || attempt >= (call.attempts ?? 1)) throw error
        if (!(error instanceof PlatformError) || error.kind !== 'retry') throw error
        if (call.retryIf?.(error) === false) throw error
        await sleep(error.retryAfterMs ?? backoffDelayMs(attempt - 1, 0, this.#deps.random), call.signal)
      }
    }
  }

  /**
   * Opens a stream that may stay silent for long and gives its body once the platform has agreed to it.
   *
   * @param openTimeoutMs milliseconds until the status must be there.
   * @throws {@link PlatformError} when the platform does not agree.
   */
  async stream(
    path: string,
    openTimeoutMs: number,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const opening = deadline(openTimeoutMs, signal)
    try {
      const response = await (this.#deps.fetchImpl ?? fetch)(this.endpoint.platformUrl + path, {
        headers: this.#headers({ Accept: 'text/event-stream' }),
        redirect: 'manual',
        signal: opening.signal,
        // Bun ends a fetch that is idle for 300 s unless told otherwise; here silence is normal.
        timeout: false,
      })
      const isStream = /^text\/event-stream\b/.test(response.headers.get('content-type') ?? '')
      if (response.ok && isStream && response.body !== null) return response.body
      await response.body?.cancel()
      const failure = classify({ status: response.status, headers: response.headers, text: '' }, '')
      throw failure ?? new PlatformError('refused', 'the platform has no event stream here')
    } catch (error) {
      if (error instanceof PlatformError || signal.aborted) throw error
      throw unreachable(this.endpoint.platformUrl, error)
    } finally {
      // The outer signal must go on to end the stream, so only the deadline is taken off.
      opening.clearDeadline()
    }
  }

  async #once(call: Call): Promise<Reply> {
    const { platformUrl } = this.endpoint
    let reply: Reply
    try {
      reply = await exchange({
        method: call.method ?? (call.body === undefined ? 'GET' : 'POST'),
        url: platformUrl + call.path + queryString(call.query),
        headers: this.#headers({
          Accept: 'application/json',
          ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        }),
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        timeoutMs: call.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        maxBytes: call.maxBytes ?? DEFAULT_MAX_BYTES,
        ...(call.signal === undefined ? {} : { signal: call.signal }),
        ...(this.#deps.fetchImpl === undefined ? {} : { fetchImpl: this.#deps.fetchImpl }),
      })
    } catch (error) {
      if (call.signal?.aborted) throw error
      throw unreachable(platformUrl, error)
    }
    const failure = classify(reply, platformUrl)
    if (failure !== undefined) throw failure
    return reply
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    const { platformUrl, workspaceId, token, orgId } = this.endpoint
    return platformHeaders(platformUrl, token, {
      'X-Workspace-ID': workspaceId,
      ...(orgId === undefined ? {} : { 'X-Molecule-Org-Id': orgId }),
      ...more,
    })
  }
}

function unreachable(platformUrl: string, error: unknown): PlatformError {
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof BodyError) {
    return new PlatformError(error.tooLarge ? 'refused' : 'retry', reason, {
      status: error.status,
      cause: error,
    })
  }
  return new PlatformError('retry', `cannot reach ${platformUrl}: ${reason}`, { cause: error })
}

function queryString(query: Call['query']): string {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(key, String(value))
  }
  return parameters.size === 0 ? '' : `?${parameters}`
}

function parseReply<T>(reply: Reply, schema: ZodType<T>): T {
  let json: unknown
  try {
    json = reply.text === '' ? {} : JSON.parse(reply.text)
  } catch {
    // A web page or half an answer: the text is of no use to anyone, its kind is.
    const what = /^\s*</.test(reply.text) ? 'a web page' : 'broken JSON'
    throw new PlatformError('retry', `the platform answered ${reply.status} with ${what} instead of JSON`, {
      status: reply.status,
    })
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new PlatformError('retry', `the platform answered ${reply.status} with JSON of an unknown shape`, {
    status: reply.status,
  })
}

/**
 * Decides what a status means. Undefined for 2xx.
 *
 * Two empty answers have a meaning of their own on hosted platforms: 404 is the tenant guard (no organization
 * named), 403 the CORS check (the `Origin` is not the platform's).
 */
export function classify(reply: Reply, platformUrl: string): PlatformError | undefined {
  const { status, text } = reply
  if (status >= 200 && status < 300) return undefined
  const details = { status, body: text.slice(0, 2000) }
  const retryAfterMs = parseRetryAfter(reply.headers.get('retry-after'))
  if (status >= 500 || RETRY_STATUSES.has(status)) {
    const more = retryAfterMs === undefined ? details : { ...details, retryAfterMs }
    return new PlatformError('retry', `the platform answered ${sentence(reply)}`, more)
  }
  if (status === 401 || status === 410) {
    return new PlatformError('gone', `the platform answered ${sentence(reply)}`, details)
  }
  if (status >= 300 && status < 400) {
    return new PlatformError(
      'refused',
      `${platformUrl} redirects (${status}); redirects are not followed, since the token would travel along. ` +
        'Set MOLECULE_PLATFORM_URL to the address it redirects to, if you trust it.',
      details,
    )
  }
  if (status === 404 && text === '') {
    return new PlatformError(
      'refused',
      'the platform answered an empty 404: it does not know which organization this request belongs to. Set MOLECULE_ORG_ID.',
      details,
    )
  }
  if (status === 403 && text === '') {
    return new PlatformError(
      'refused',
      'the platform answered an empty 403: it does not accept this origin. MOLECULE_PLATFORM_URL must be exactly the address the platform is reached at.',
      details,
    )
  }
  return new PlatformError('refused', `the platform answered ${sentence(reply)}`, details)
}

/** `403 access denied: …`: the status and the platform's own `error` text, in one line. */
function sentence({ status, text }: Reply): string {
  let said = ''
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null && 'error' in json) said = String(json.error)
  } catch {
    // Not JSON: an HTML page says nothing that a line could hold, the status alone must do.
  }
  return `${status} ${said.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, 200)}`.trim()
}

/** Milliseconds from a `Retry-After` header (RFC 9110 section 10.2.3: seconds or a date), bounded. */
export function parseRetryAfter(value: string | null, now: number = Date.now()): number | undefined {
  if (value === null || value.trim() === '') return undefined
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS) : undefined
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(value: string): boolean {
  return UUID.test(value)
}

/**
 * `/workspaces/<id><rest>`. The id is checked here, so that nothing a platform or a model said can change the path.
 *
 * @throws {@link PlatformError} `refused` when the id is no UUID.
 */
export function workspacePath(id: string, rest = ''): string {
  if (!isUuid(id)) {
    throw new PlatformError('refused', `"${id.slice(0, 60)}" is not a workspace id (a UUID is expected)`)
  }
  return `/workspaces/${id}${rest}`
}
