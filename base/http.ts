/**
 * One HTTP exchange with a platform, with a time limit for the whole exchange and a size limit on the response. It
 * follows no redirect, since a redirect would carry the bearer token to another host.
 */
import type { Clock } from './clock.ts'
import { isLoopback } from './loopback.ts'

export interface Exchange {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | ReadableStream<Uint8Array> | undefined
  /** Milliseconds for the whole exchange, the body included. */
  readonly timeoutMs: number
  /** The largest body to accept, in bytes. */
  readonly maxBytes: number
  /** How many bytes of a larger body to keep, to identify it. Default: 0. */
  readonly beginningBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Default: the global `fetch`. */
  readonly fetchImpl?: typeof fetch | undefined
  readonly clock: Pick<Clock, 'after'>
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** The status arrived, but the body did not: it was truncated, or is larger than `maxBytes`. */
export class BodyError extends Error {
  readonly status: number
  readonly tooLarge: boolean
  /** The beginning of a body that is too large. */
  readonly beginning: string

  constructor(status: number, message: string, tooLarge: boolean, beginning = '') {
    super(message)
    this.name = 'BodyError'
    this.status = status
    this.tooLarge = tooLarge
    this.beginning = beginning
  }
}

export interface Deadline {
  readonly signal: AbortSignal
  /** Removes the timer and the listener. */
  readonly release: () => void
}

/**
 * Joins a time limit with an outer signal. Call `release` when the work is over; `AbortSignal.any` would leave a
 * dependent on the long-lived outer signal for each request.
 */
export function deadline(
  timeoutMs: number,
  outer: AbortSignal | undefined,
  clock: Pick<Clock, 'after'>,
): Deadline {
  const controller = new AbortController()
  const onOuter = (): void => controller.abort(outer?.reason)
  if (outer?.aborted) onOuter()
  else outer?.addEventListener('abort', onOuter, { once: true })
  const cancel = clock.after(timeoutMs, () => {
    controller.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError'))
  })
  return {
    signal: controller.signal,
    release: () => {
      cancel()
      outer?.removeEventListener('abort', onOuter)
    },
  }
}

/** The headers of every request to a platform. `Origin` is the bare origin: platforms refuse one with a path or slash. */
export function platformHeaders(
  platformUrl: string,
  token: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    Authorization: `Bearer ${token}`,
    Origin: new URL(platformUrl).origin,
    // The size limit counts bytes on the wire; decompressed, the body could be a thousand times as large.
    'Accept-Encoding': 'identity',
    ...more,
  }
}

/** How `fetch` carries a request. */
export type Transport = Pick<BunFetchRequestInit, 'redirect' | 'decompress' | 'verbose' | 'proxy' | 'tls'>

/**
 * The transport options of every request: no redirects, no decompression, and no option from the environment that would
 * expose the token. A proxy reads plain `http`, so such a request never goes to one, nor does any to this
 * machine, which a proxy could not reach. Over `https` a proxy only carries a tunnel: there the environment decides.
 */
export function transport(url: string): Transport {
  const isSecure = new URL(url).protocol === 'https:'
  return {
    redirect: 'manual',
    decompress: false,
    // Against BUN_CONFIG_VERBOSE_FETCH, which prints the headers of each request.
    verbose: false,
    ...(mayUseProxy(url) ? {} : { proxy: false }),
    // Against NODE_TLS_REJECT_UNAUTHORIZED=0, which would give the token to anyone on the way.
    ...(isSecure ? { tls: { rejectUnauthorized: true } } : {}),
  }
}

/** Whether the environment decides if a request to this address goes through a proxy. */
export function mayUseProxy(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' && !isLoopback(hostname)
}

/** Whether the body is as the platform wrote it: nothing on the way has compressed it. */
export function isPlain(headers: Headers): boolean {
  return /^(?:identity)?$/i.test(headers.get('content-encoding') ?? '')
}

/**
 * Sends one request and reads the whole response.
 *
 * @throws {@link BodyError} once a status is known; before that, any error `fetch` throws (network, abort, timeout).
 */
export async function exchange(request: Exchange): Promise<Reply> {
  const { signal, release } = deadline(request.timeoutMs, request.signal, request.clock)
  try {
    const response = await (request.fetchImpl ?? fetch)(request.url, {
      method: request.method,
      headers: request.headers,
      ...transport(request.url),
      signal,
      // Against Bun's own limit of 300 s without a byte: the deadline is the only one.
      timeout: false,
      ...(request.body === undefined ? {} : { body: request.body }),
    })
    if (!isPlain(response.headers)) {
      await response.body?.cancel()
      throw new BodyError(response.status, 'the answer is compressed, which was not asked for', false)
    }
    return {
      status: response.status,
      headers: response.headers,
      text: await readCapped(response, request.maxBytes, request.beginningBytes),
    }
  } finally {
    release()
  }
}

/**
 * Reads a body to its end.
 *
 * @param beginningBytes how much to keep of a body that is too large.
 * @throws {@link BodyError} when it is larger than `maxBytes` or breaks off.
 */
export async function readCapped(response: Response, maxBytes: number, beginningBytes = 0): Promise<string> {
  // Of a body whose announced length is too large, only the beginning is read.
  const isTooLarge = Number(response.headers.get('content-length') ?? 0) > maxBytes
  const bound = isTooLarge ? beginningBytes : maxBytes
  const tooLarge = (): BodyError =>
    new BodyError(
      response.status,
      `the answer is larger than ${maxBytes} bytes`,
      true,
      Buffer.concat(chunks).subarray(0, beginningBytes).toString('utf8'),
    )
  const chunks: Uint8Array[] = []
  let size = 0
  if (isTooLarge && bound === 0) {
    await response.body?.cancel()
    throw tooLarge()
  }
  if (response.body === null) return ''
  try {
    for await (const chunk of response.body) {
      size += chunk.byteLength
      chunks.push(chunk)
      // Throwing out of the loop cancels the stream.
      if (size > bound) throw tooLarge()
    }
  } catch (error) {
    if (error instanceof BodyError) throw error
    throw new BodyError(response.status, `the answer was cut off: ${String(error)}`, false)
  }
  // Drops a byte order mark, which JSON must not have but some gateways add (RFC 8259 section 8.1).
  return new TextDecoder().decode(Buffer.concat(chunks))
}
