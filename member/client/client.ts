/**
 * One workspace's connection to its platform. Every request passes through here: credentials, time limits, size limits,
 * the meaning of the answer, and when to ask again. It knows none of the resources.
 */

import type { ZodType } from 'zod'
import { backoffDelayMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import {
  BodyError,
  type BodySource,
  deadline,
  type Exchange,
  exchange,
  platformHeaders,
  type Reply,
  readCapped,
  transport,
} from '../../base/http.ts'
import { proxyOf } from '../../base/proxy.ts'
import { redact } from '../../base/redact.ts'
import { sleep } from '../../base/sleep.ts'
import { isPlain } from '../../base/unpacked-body.ts'
import { PlatformError } from './errors.ts'
import { kindOfStatus, readFailure } from './failure.ts'
import { jsonBody } from './json-body.ts'
import { explainNetworkError } from './network-error.ts'

/** Where a workspace lives, and what proves that we are it. */
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
  /** Milliseconds for each attempt until its answer begins; an upload has them after each part of it. */
  readonly timeoutMs?: number
  /** Bytes of answer to accept. */
  readonly maxBytes?: number
  /** Leaves larger items out of a list. */
  readonly maxItemBytes?: number
  /** Bytes to keep of a larger answer, as the `beginning` of the error's cause. */
  readonly beginningBytes?: number
  readonly signal?: AbortSignal | undefined
  /** Attempts in all. More than 1 only for a call that is harmless to repeat. */
  readonly attempts?: number
  /** Narrows which `retry` errors are worth another attempt. Default: all of them. */
  readonly retryIf?: (error: PlatformError) => boolean
}

/** A body that is never in memory as a whole. */
export interface Upload {
  readonly contentType: string
  /** Bytes that the body has. */
  readonly length: number
  readonly open: BodySource
}

export interface ClientDependencies {
  /** Carries every request of this client. */
  readonly network: typeof fetch
  readonly clock: Clock
  /** Which may name a proxy. Default: none does. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

const DEFAULT_TIMEOUT_MS = 15_000
const DEFAULT_MAX_BYTES = 4 * 1024 * 1024
/** A longer wait does not happen inside a call: the error tells the caller how long it is. */
const MAX_WAIT_IN_CALL_MS = 10_000

export class PlatformClient {
  readonly endpoint: Endpoint
  /** Times everything that is done with this client. */
  readonly clock: Clock
  readonly #fetch: typeof fetch
  readonly #environment: Readonly<Record<string, string | undefined>>

  constructor(endpoint: Endpoint, { network, clock, environment = {} }: ClientDependencies) {
    this.endpoint = endpoint
    this.clock = clock
    this.#fetch = network
    this.#environment = environment
  }

  /**
   * Makes one call and returns the answer as typed JSON.
   *
   * @param schema the shape of the answer. Any other shape is a `retry` error, since it is what a proxy's page or a
   * truncated answer looks like.
   * @throws {@link PlatformError}, or the abort reason when `signal` ended it.
   */
  async json<T>(call: Call, schema: ZodType<T>): Promise<T> {
    return (await this.answer(call, schema)).value
  }

  /** As {@link json}, with the status: for some resources it says more than the body. */
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
        // A `Retry-After` of 0 is no advice.
        const waitMs = error.retryAfterMs || backoffDelayMs(attempt - 1, 0, this.clock.random)
        if (waitMs > MAX_WAIT_IN_CALL_MS) throw error
        await sleep(waitMs, call.signal, this.clock)
      }
    }
  }

  /**
   * Opens an event stream, which may stay silent for long, and returns its body, which the caller must cancel. Neither
   * the time limit nor `signal` ends the body.
   *
   * @param openTimeoutMs milliseconds until the status must have arrived.
   * @throws {@link PlatformError} when the platform does not open it, or the abort reason.
   */
  async stream(
    path: string,
    openTimeoutMs: number,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const opening = deadline(openTimeoutMs, signal, this.clock)
    try {
      // Bun ends a fetch that is idle for 300 s unless told otherwise; here silence is normal.
      const response = await this.#get(path, 'text/event-stream', opening.signal, { timeout: false })
      const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
      const isReadable = isPlain(response.headers)
      if (isStream && isReadable && response.body !== null) return response.body
      // Not awaited: a proxy may hold the rest of the answer back forever.
      void response.body?.cancel().catch(() => undefined)
      const { status } = response
      throw new PlatformError(
        'refused',
        isStream && !isReadable
          ? 'a proxy compresses the event stream, which delays its events'
          : 'the platform has no event stream here',
        { status },
      )
    } catch (error) {
      signal.throwIfAborted()
      throw this.#asPlatformError(error)
    } finally {
      opening.release()
    }
  }

  /**
   * Requests a file and returns the answer with its body unread. `signal` ends the reading too; the caller must cancel a
   * body that it does not read to the end.
   *
   * @throws {@link PlatformError} when the platform does not give it, or the abort reason.
   */
  async content(path: string, signal: AbortSignal): Promise<Response> {
    try {
      // If the platform compresses it anyway, it is unpacked on its way to disk, within the size limit for a file.
      return await this.#get(path, '*/*', signal, { decompress: true })
    } catch (error) {
      signal.throwIfAborted()
      throw this.#asPlatformError(error)
    }
  }

  async #get(
    path: string,
    accept: string,
    signal: AbortSignal,
    options: Pick<BunFetchRequestInit, 'timeout' | 'decompress'>,
  ): Promise<Response> {
    const { platformUrl } = this.endpoint
    const response = await this.#fetch(platformUrl + path, {
      headers: this.#headers({ Accept: accept }),
      ...transport(platformUrl),
      ...options,
      signal,
    })
    if (kindOfStatus(response.status) === undefined) return response
    const text = await readCapped(response, DEFAULT_MAX_BYTES)
    throw this.#failure({ status: response.status, headers: response.headers, text })
  }

  async #once(call: Call): Promise<Reply> {
    const { method, body, headers } = payload(call)
    let reply: Reply
    try {
      reply = await exchange({
        method: call.method ?? method,
        url: this.endpoint.platformUrl + call.path + queryString(call.query),
        headers: this.#headers({ Accept: 'application/json', ...headers }),
        body,
        timeoutMs: call.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        maxBytes: call.maxBytes ?? DEFAULT_MAX_BYTES,
        beginningBytes: call.beginningBytes,
        maxItemBytes: call.maxItemBytes,
        signal: call.signal,
        fetchImpl: this.#fetch,
        clock: this.clock,
      })
    } catch (error) {
      call.signal?.throwIfAborted()
      throw this.#asPlatformError(error)
    }
    if (kindOfStatus(reply.status) !== undefined) throw this.#failure(reply)
    // What an answer says may reach the model and the disk.
    return { ...reply, text: this.#withoutToken(reply.text) }
  }

  /** A platform, or a proxy before it, may repeat what it was sent, the token included. */
  #failure(reply: Reply): PlatformError {
    const answer = { ...reply, text: this.#withoutToken(reply.text) }
    return readFailure(answer, this.endpoint.platformUrl, this.clock.now())
  }

  /** For anything the network layer threw. */
  #asPlatformError(error: unknown): PlatformError {
    if (error instanceof PlatformError) return error
    const reason = this.#withoutToken(error instanceof Error ? error.message : String(error))
    if (error instanceof BodyError) {
      const kind = kindOfStatus(error.status) ?? (error.tooLarge ? 'refused' : 'retry')
      return new PlatformError(kind, `the platform answered ${error.status}: ${reason}`, {
        status: error.status,
        cause: error,
      })
    }
    const why = explainNetworkError(error, proxyOf(this.endpoint.platformUrl, this.#environment)) ?? reason
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

function payload(call: Call): Pick<Exchange, 'method' | 'body' | 'headers'> {
  if (call.upload !== undefined) {
    const { contentType, length, open } = call.upload
    const headers = { 'Content-Type': contentType, 'Content-Length': String(length) }
    return { method: 'POST', body: open, headers }
  }
  if (call.body === undefined) return { method: 'GET', headers: {} }
  return {
    method: 'POST',
    body: jsonBody(call.body),
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

function parseReply<T>({ status, text }: Reply, schema: ZodType<T>): T {
  const fail = (what: string): PlatformError =>
    new PlatformError('retry', `the platform answered ${status} with ${what}`, { status })
  // Every answer of the contract has a body: an empty one comes from an intermediary that did not do the work.
  if (text === '') throw fail('an empty body')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // A web page or half an answer: the text is useless, but its kind helps.
    throw fail(
      /^\s*</.test(text)
        ? 'a web page instead of JSON; is its address right?'
        : 'broken JSON instead of JSON',
    )
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  throw fail('JSON of an unknown shape')
}
