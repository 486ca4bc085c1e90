/** Answers of the simulated platform, and how they become a `Response`. */
import { textResponse } from '../sim-response.ts'

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
  /** The rows of a page as JSON texts, so that trouble on the way can repeat some of them. */
  readonly rows?: readonly string[]
  /** Called when the answer reaches the process undamaged. */
  readonly onDelivered?: () => void
  /** Opens the body when the answer reaches the process; `text` is unused then. */
  readonly open?: () => ReadableStream<Uint8Array>
}

const JSON_TYPE = { 'content-type': 'application/json' } as const

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, text: JSON.stringify(body), headers: { ...JSON_TYPE, ...headers } }
}

export function plain(status: number, text: string): Answer {
  return { status, text, headers: {} }
}

export function failure(status: number, error: string): Answer {
  return json(status, { error })
}

/** @param rows as JSON texts. */
export function page(rows: readonly string[]): Answer {
  return { status: 200, text: `[${rows.join(',')}]`, headers: JSON_TYPE, rows }
}

export function stream(open: () => ReadableStream<Uint8Array>): Answer {
  return { status: 200, text: '', headers: { 'content-type': 'text/event-stream' }, open }
}

export function toResponse({ status, text, headers, open }: Answer): Response {
  if (open === undefined) return textResponse(status, text, headers)
  const response = new Response(null, { status, headers })
  Object.defineProperty(response, 'body', { value: open() })
  return response
}

export const UNAUTHORIZED = failure(401, 'invalid workspace auth token')

/** A list of peers, who are all present. */
export function listed(peers: readonly object[]): Answer {
  return json(
    200,
    peers.map((peer) => ({ ...peer, role: null, status: 'online' })),
  )
}
