/**
 * One HTTP exchange with a platform, with a time limit for the answer to begin, a least pace for its body, and a size
 * limit. It follows no redirect, since a redirect would carry the bearer token to another host.
 */
import type { Clock } from './clock.ts'
import { ItemSieve } from './item-sieve.ts'
import { isLoopback } from './loopback.ts'
import { limitTransfer } from './transfer-limit.ts'
import { unpackedBody } from './unpacked-body.ts'

export interface Exchange {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | BodySource | undefined
  /** Milliseconds until the answer must begin, counted from when the last part of a streamed body was taken. */
  readonly timeoutMs: number
  /** The largest body to accept, in bytes. */
  readonly maxBytes: number
  /** How many bytes of a larger body to keep, to identify it. Default: 0. */
  readonly beginningBytes?: number | undefined
  /** Of a JSON array, leaves out items larger than this: see `item-sieve.ts`. They may make the body 16 times as large. */
  readonly maxItemBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Default: the global `fetch`. */
  readonly fetchImpl?: typeof fetch | undefined
  readonly clock: Pick<Clock, 'after'>
}

/** Opens a body that is read while it is sent, and calls `onPart` as each part of it is taken. */
export type BodySource = (onPart: () => void) => ReadableStream<Uint8Array>

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
    // Nothing is gained by compression here. A proxy that compresses all the same costs the time to unpack.
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

/** A slow line out, of 128 kbit/s: a large request may take a second longer for each 16 KiB. */
const UPLINK_BYTES_PER_S = 16 * 1024

/**
 * Sends one request and reads the whole response.
 *
 * @throws {@link BodyError} once a status is known; before that, any error `fetch` throws (network, abort, timeout).
 */
export async function exchange(request: Exchange): Promise<Reply> {
  const { body, timeoutMs } = request
  const limit = limitTransfer(request.signal, request.clock)
  const sent = typeof body === 'function' ? body(() => limit.expectAnswer(timeoutMs)) : body
  const sendingMs = typeof sent === 'string' ? Math.floor(sent.length / UPLINK_BYTES_PER_S) * 1000 : 0
  limit.expectAnswer(timeoutMs + sendingMs)
  try {
    const response = await (request.fetchImpl ?? fetch)(request.url, {
      method: request.method,
      headers: request.headers,
      ...transport(request.url),
      signal: limit.signal,
      // Against Bun's own limit of 300 s without a byte: the limit of the transfer is the only one.
      timeout: false,
      ...(sent === undefined ? {} : { body: sent }),
    })
    limit.expectBytes()
    return {
      status: response.status,
      headers: response.headers,
      text: await readCapped(response, request.maxBytes, {
        beginningBytes: request.beginningBytes,
        onBytes: limit.came,
        maxItemBytes: request.maxItemBytes,
      }),
    }
  } finally {
    limit.release()
  }
}

interface ReadOptions {
  /** How much to keep of a body that is too large. */
  readonly beginningBytes?: number | undefined
  /** Called with the size of each part that comes. */
  readonly onBytes?: ((count: number) => void) | undefined
  /** As in {@link Exchange}. */
  readonly maxItemBytes?: number | undefined
}

/** How many times as large as what is kept a body may be whose large items are left out. */
const LEFT_OUT = 16

/**
 * Reads a body to its end. The size of a compressed one counts as it is unpacked.
 *
 * @param maxBytes how much of it to keep.
 * @throws {@link BodyError} when it is larger than `maxBytes` or breaks off.
 */
export async function readCapped(
  response: Response,
  maxBytes: number,
  { beginningBytes = 0, onBytes, maxItemBytes }: ReadOptions = {},
): Promise<string> {
  // Of a body whose announced length is too large, only the beginning is read.
  const sieve = maxItemBytes === undefined ? undefined : new ItemSieve(maxItemBytes)
  const wholeBytes = sieve === undefined ? maxBytes : maxBytes * LEFT_OUT
  const isTooLarge = Number(response.headers.get('content-length') ?? 0) > wholeBytes
  const bound = isTooLarge ? beginningBytes : maxBytes
  const tooLarge = (): BodyError =>
    new BodyError(
      response.status,
      `the answer is larger than ${maxBytes} bytes`,
      true,
      Buffer.concat(chunks).subarray(0, beginningBytes).toString('utf8'),
    )
  const chunks: Uint8Array[] = []
  let [size, came] = [0, 0]
  if (isTooLarge && bound === 0) {
    await response.body?.cancel()
    throw tooLarge()
  }
  const body = unpackedBody(response)
  if (body === undefined) {
    await response.body?.cancel()
    throw new BodyError(response.status, 'the answer is compressed, which was not asked for', false)
  }
  try {
    for await (const chunk of body) {
      const kept = sieve?.sift(chunk) ?? chunk
      size += kept.byteLength
      came += chunk.byteLength
      chunks.push(kept)
      onBytes?.(chunk.byteLength)
      // Throwing out of the loop cancels the stream.
      if (size > bound || came > wholeBytes) throw tooLarge()
    }
    if (sieve !== undefined) chunks.push(sieve.end())
  } catch (error) {
    if (error instanceof BodyError) throw error
    throw new BodyError(response.status, `the answer was cut off: ${String(error)}`, false)
  }
  // Drops a byte order mark, which JSON must not have but some gateways add (RFC 8259 section 8.1).
  return new TextDecoder().decode(Buffer.concat(chunks))
}
