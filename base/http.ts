/**
 * One HTTP exchange with a platform: a deadline over the whole of it, a bound on what is read, and no redirect
 * followed, since a redirect would carry the bearer to another host.
 */
import { type Clock, systemClock } from './clock.ts'
import { isLoopback } from './loopback.ts'

export interface Exchange {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | ReadableStream<Uint8Array>
  /** Milliseconds for the whole exchange, the body included. */
  readonly timeoutMs: number
  /** Bytes of body that are read at most. */
  readonly maxBytes: number
  /** Bytes of a body beyond that which are kept, to learn what it is. */
  readonly beginningBytes?: number
  readonly signal?: AbortSignal
  readonly fetchImpl?: typeof fetch
  readonly clock?: Pick<Clock, 'after'>
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** The status came, the body did not: cut off, or larger than `maxBytes`. */
export class BodyError extends Error {
  readonly status: number
  readonly tooLarge: boolean
  /** What is kept of a body that is too large. */
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
  /** Takes both off. */
  readonly release: () => void
}

/**
 * Joins an outer signal and a deadline. `release` must be called when the work is over: `AbortSignal.any` would
 * leave a dependent on the long-lived outer signal for each request.
 */
export function deadline(
  timeoutMs: number,
  outer?: AbortSignal,
  clock: Pick<Clock, 'after'> = systemClock,
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

/** What every request to a platform carries. `Origin` is the bare origin: a path or slash in it is refused. */
export function platformHeaders(
  platformUrl: string,
  token: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    Authorization: `Bearer ${token}`,
    Origin: new URL(platformUrl).origin,
    // The bound on what is read holds for what comes over the line; unpacked it could be a thousand times as much.
    'Accept-Encoding': 'identity',
    ...more,
  }
}

/**
 * How every request travels: no redirect is followed, nothing is unpacked, and a platform on this machine is not
 * reached by way of a proxy, which would be given the token.
 */
export function transport(url: string): { redirect: 'manual'; decompress: false; proxy?: string } {
  const direct = isLoopback(new URL(url).hostname)
  return { redirect: 'manual', decompress: false, ...(direct ? { proxy: '' } : {}) }
}

/**
 * Sends one request and reads the whole answer.
 *
 * @throws {@link BodyError} once a status is known, before that whatever `fetch` throws (network, abort, timeout).
 */
export async function exchange(request: Exchange): Promise<Reply> {
  const { signal, release } = deadline(request.timeoutMs, request.signal, request.clock)
  try {
    const response = await (request.fetchImpl ?? fetch)(request.url, {
      method: request.method,
      headers: request.headers,
      ...transport(request.url),
      signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    })
    if (!/^(?:identity)?$/i.test(response.headers.get('content-encoding') ?? '')) {
      await response.body?.cancel()
      throw new BodyError(response.status, 'the answer is compressed, though that was not asked for', false)
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
 * @param beginningBytes how much of a body that is too large is kept.
 * @throws {@link BodyError} when it is larger than `maxBytes` or does not come to its end.
 */
export async function readCapped(response: Response, maxBytes: number, beginningBytes = 0): Promise<string> {
  // One that says how large it is need not be read that far.
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
      // Leaving the loop by a throw cancels the stream.
      if (size > bound) throw tooLarge()
    }
  } catch (error) {
    if (error instanceof BodyError) throw error
    throw new BodyError(response.status, `the answer was cut off: ${String(error)}`, false)
  }
  return Buffer.concat(chunks).toString('utf8')
}
