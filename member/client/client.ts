/**
 * Everything said to a platform passes through `call`: who we are, how long we wait, how much we read, what the
 * answer means, and when to ask again. It knows nothing of the single resources.
 */

import type { ZodType } from 'zod'
import { backoffDelayMs } from '../../base/backoff.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { codeOf } from '../../base/errors.ts'
import {
  BodyError,
  deadline,
  type Exchange,
  exchange,
  platformHeaders,
  type Reply,
  readCapped,
  transport,
} from '../../base/http.ts'
import { redact } from '../../base/redact.ts'
import { sleep } from '../../base/sleep.ts'
import { PlatformError } from './errors.ts'
import { kindOfStatus, readFailure } from './failure.ts'

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
  /** Instead of `body`: bytes that are read while they are sent. Such a call is made once. */
  readonly upload?: Upload
  readonly timeoutMs?: number
  readonly maxBytes?: number
  /** Bytes that are kept of an answer larger than that, as the `beginning` of the error's cause. */
  readonly beginningBytes?: number
  readonly signal?: AbortSignal
  /** How often the call is made in all. More than 1 only for a call that may be repeated without harm. */
  readonly attempts?: number
  /** Narrows which `retry` errors are worth another attempt; without it all of them are. */
  readonly retryIf?: (error: PlatformError) => boolean
}

/** A body that is never in memory as a whole. */
export interface Upload {
  readonly contentType: string
  /** Bytes that `stream` will give. */
  readonly length: number
  readonly stream: ReadableStream<Uint8Array>
}

export interface ClientDependencies {
  readonly fetchImpl?: typeof fetch
  readonly clock?: Clock
}

const DEFAULT_TIMEOUT_MS = 15_000
const DEFAULT_MAX_BYTES = 4 * 1024 * 1024
/** A longer wait than this is not sat out inside a call: the caller is told how long it is, and plans it. */
const MAX_WAIT_IN_CALL_MS = 10_000

export class PlatformClient {
  readonly endpoint: Endpoint
  /** Times everything that is done with this client. */
  readonly clock: Clock
  readonly #fetch: typeof fetch

  constructor(endpoint: Endpoint, { fetchImpl = fetch, clock = systemClock }: ClientDependencies = {}) {
    this.endpoint = endpoint
    this.clock = clock
    this.#fetch = fetchImpl
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
        call.signal?.throwIfAborted()
        if (attempt >= (call.attempts ?? 1)) throw error
        if (!(error instanceof PlatformError) || error.kind !== 'retry') throw error
        if (call.retryIf?.(error) === false) throw error
        // A `Retry-After` of nothing is no advice.
        const waitMs = error.retryAfterMs || backoffDelayMs(attempt - 1, 0, this.clock.random)
        if (waitMs > MAX_WAIT_IN_CALL_MS) throw error
        await sleep(waitMs, call.signal, this.clock)
      }
    }
  }

  /**
   * Opens a stream that may stay silent for long and gives its body once the platform has agreed to it. From then on
   * the body is the caller's to cancel; neither the time limit nor `signal` ends it.
   *
   * @param openTimeoutMs milliseconds until the status must be there.
   * @throws {@link PlatformError} when the platform does not agree, or the abort reason.
   */
  async stream(
    path: string,
    openTimeoutMs: number,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const opening = deadline(openTimeoutMs, signal, this.clock)
    try {
      const response = await this.#fetch(this.endpoint.platformUrl + path, {
        headers: this.#headers({ Accept: 'text/event-stream' }),
        ...transport(this.endpoint.platformUrl),
        signal: opening.signal,
        // Bun ends a fetch that is idle for 300 s unless told otherwise; here silence is normal.
        timeout: false,
      })
      const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
      if (response.ok && isStream && response.body !== null) return response.body
      if (response.ok) {
        await response.body?.cancel()
        throw new PlatformError('refused', 'the platform has no event stream here', {
          status: response.status,
        })
      }
      const text = await readCapped(response, DEFAULT_MAX_BYTES)
      throw this.#failure({ status: response.status, headers: response.headers, text })
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof PlatformError ? error : this.#unreachable(error)
    } finally {
      opening.release()
    }
  }

  /**
   * Asks for a file and gives the answer with its body still to be read. `signal` ends the reading too; a body that
   * is not read to its end is the caller's to cancel.
   *
   * @throws {@link PlatformError} when the platform does not give it, or the abort reason.
   */
  async content(path: string, signal: AbortSignal): Promise<Response> {
    try {
      const response = await this.#fetch(this.endpoint.platformUrl + path, {
        headers: this.#headers({ Accept: '*/*' }),
        ...transport(this.endpoint.platformUrl),
        // What is packed all the same is unpacked on its way to the disk, within the bound for a file.
        decompress: true,
        signal,
      })
      if (kindOfStatus(response.status) === undefined) return response
      const text = await readCapped(response, DEFAULT_MAX_BYTES)
      throw this.#failure({ status: response.status, headers: response.headers, text })
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof PlatformError ? error : this.#unreachable(error)
    }
  }

  async #once(call: Call): Promise<Reply> {
    const { platformUrl } = this.endpoint
    const { method, body, headers } = payload(call)
    let reply: Reply
    try {
      reply = await exchange({
        method: call.method ?? method,
        url: platformUrl + call.path + queryString(call.query),
        headers: this.#headers({ Accept: 'application/json', ...headers }),
        ...(body === undefined ? {} : { body }),
        timeoutMs: call.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        maxBytes: call.maxBytes ?? DEFAULT_MAX_BYTES,
        ...(call.beginningBytes === undefined ? {} : { beginningBytes: call.beginningBytes }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
        fetchImpl: this.#fetch,
        clock: this.clock,
      })
    } catch (error) {
      call.signal?.throwIfAborted()
      throw this.#unreachable(error)
    }
    if (kindOfStatus(reply.status) !== undefined) throw this.#failure(reply)
    // What is said in an answer may be shown to the model, in a message or a result, and kept on the disk.
    return { ...reply, text: this.#withoutToken(reply.text) }
  }

  /** A platform, or a proxy before it, may repeat what it was sent: the token is taken out of what it says. */
  #failure(reply: Reply): PlatformError {
    const answer = { ...reply, text: this.#withoutToken(reply.text) }
    return readFailure(answer, this.endpoint.platformUrl, this.clock.now())
  }

  #unreachable(error: unknown): PlatformError {
    const reason = this.#withoutToken(error instanceof Error ? error.message : String(error))
    if (error instanceof BodyError) {
      const kind = kindOfStatus(error.status) ?? (error.tooLarge ? 'refused' : 'retry')
      return new PlatformError(kind, `the platform answered ${error.status}: ${reason}`, {
        status: error.status,
        cause: error,
      })
    }
    const why = nobodyListens(error) ? 'nothing listens there; is the platform running?' : reason
    return new PlatformError('retry', `cannot reach ${this.endpoint.platformUrl}: ${why}`, { cause: error })
  }

  #withoutToken(text: string): string {
    return redact(text, [this.endpoint.token], '[token]')
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

/** Bun has had two names for it. */
function nobodyListens(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ECONNREFUSED' || code === 'ConnectionRefused'
}

function payload(call: Call): Pick<Exchange, 'method' | 'body' | 'headers'> {
  if (call.upload !== undefined) {
    const { contentType, length, stream } = call.upload
    const headers = { 'Content-Type': contentType, 'Content-Length': String(length) }
    return { method: 'POST', body: stream, headers }
  }
  if (call.body === undefined) return { method: 'GET', headers: {} }
  return {
    method: 'POST',
    body: JSON.stringify(call.body),
    headers: { 'Content-Type': 'application/json' },
  }
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
    throw new PlatformError(
      'refused',
      `"${id.slice(0, 60)}" is not a workspace id (a UUID is expected; list_peers shows them)`,
    )
  }
  return `/workspaces/${id}${rest}`
}
