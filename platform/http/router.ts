/** Finds the handler for a method and a path. */
import { isUuid } from '../base/random.ts'
import type { Services } from '../services.ts'

/** What an open WebSocket carries. */
export interface SocketData {
  /** Undefined for the events of the whole platform. */
  readonly workspaceId: string | undefined
  /** Whose token opened it. */
  readonly caller: string
  /** Whether that token still opens it. */
  readonly isAllowed: () => boolean
  /** How many messages its client has sent. */
  heard: number
  leave: () => void
}

export interface Call {
  readonly request: Request
  readonly url: URL
  /** The client's IP address. */
  readonly address: string
  /** The value of a `:name` segment in the route's path. */
  readonly param: (name: string) => string
  /** Waits for a turn of the event loop that no other request gets. */
  readonly turn: () => Promise<void>
  /** Exempts the response from the idle timeout, for as long as its reader stays. */
  readonly keepOpen: () => void
  /** Turns the request into a WebSocket. False when the client does not ask for one. */
  readonly upgrade: (data: SocketData, headers: Readonly<Record<string, string>>) => boolean
}

/** Undefined once the request has become a socket. */
export type Handled = Response | undefined

type Handler = (services: Services, call: Call) => Handled | Promise<Handled>

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Segments of literal text or `:name`. */
  readonly path: string
  /**
   * Who may call: anyone, the workspace named by `:id` or the admin, the admin. Handlers with finer rules say
   * `open`.
   */
  readonly gate: 'open' | 'workspace' | 'admin'
  /** A file of the page. It costs no more than a refusal, and a page needs dozens, so the limit of requests leaves it out. */
  readonly isFile?: true
  readonly handle: Handler
}

export interface Match {
  readonly route: Route
  readonly params: ReadonlyMap<string, string>
}

interface Entry {
  readonly route: Route
  readonly segments: readonly string[]
}

export class Router {
  readonly #entries = new Map<string, Entry[]>()
  /** Every literal segment of a route. */
  readonly #literals = new Set<string>()

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const segments = split(route.path)
      for (const segment of segments) if (!segment.startsWith(':')) this.#literals.add(segment)
      const key = keyOf(route.method, segments)
      this.#entries.set(key, [...(this.#entries.get(key) ?? []), { route, segments }])
    }
  }

  match(method: string, path: string): Match | undefined {
    const segments = split(path)
    for (const { route, segments: pattern } of this.#entries.get(keyOf(method, segments)) ?? []) {
      const params = bind(pattern, segments)
      if (params !== undefined) return { route, params }
    }
    return undefined
  }

  /**
   * A path fit for the log: a segment that is neither part of a route nor an id might be a misplaced secret.
   */
  withoutUnknown(path: string): string {
    const known = (segment: string) => this.#literals.has(segment) || isUuid(segment)
    return `/${split(path)
      .map((segment) => (known(segment) ? segment : '*'))
      .join('/')}`
  }
}

function keyOf(method: string, segments: readonly string[]): string {
  return `${method} ${segments.length}`
}

function split(path: string): readonly string[] {
  return path.slice(1).split('/')
}

function bind(
  pattern: readonly string[],
  segments: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const params = new Map<string, string>()
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (expected.startsWith(':')) params.set(expected.slice(1), decoded(segment))
    else if (expected !== segment) return undefined
  }
  return params
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment // A stray percent sign: the handler gets the raw text and finds no such id.
  }
}
