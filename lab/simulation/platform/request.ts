/** One request of the plugin, as the simulated platform reads it. */

export type Route =
  | 'health'
  | 'lookup'
  | 'register'
  | 'heartbeat'
  | 'peers'
  | 'activity'
  | 'ack'
  | 'events'
  | 'a2a'
  /** What became of a message to a peer. */
  | 'queue'
  | 'notify'
  | 'delegate'
  | 'delegations'
  | 'requests'
  /** Files and memories, which the simulated platform does not have. */
  | 'unsupported'

const WORKSPACE_ROUTES: Readonly<Record<string, Route>> = {
  'GET ': 'lookup',
  'GET activity': 'activity',
  'POST activity/ack': 'ack',
  'GET events/stream': 'events',
  'POST a2a': 'a2a',
  'POST notify': 'notify',
  'POST delegate': 'delegate',
  'GET delegations': 'delegations',
  'GET memories': 'unsupported',
  'POST memories': 'unsupported',
  'POST chat/uploads': 'unsupported',
}

export class SimRequest {
  readonly method: string
  readonly url: string
  /** Undefined when no platform has such a route. */
  readonly route: Route | undefined
  /** The workspace named by the path, or by the body of a registration or heartbeat. */
  readonly workspaceId: string
  readonly #headers: Headers
  readonly #body: unknown
  #query: URLSearchParams | undefined
  #json: unknown

  constructor(url: string, init: RequestInit = {}) {
    this.method = init.method ?? 'GET'
    this.url = url
    this.#headers = new Headers(init.headers)
    this.#body = init.body
    const [, room = '', id = '', ...rest] = url.slice(url.indexOf('/', 'https://'.length)).split(/[/?]/)
    this.route = this.#routeOf(room, id, rest)
    this.workspaceId = room === 'registry' && rest[0] !== 'peers' ? this.#namedWorkspace() : id
  }

  get query(): URLSearchParams {
    const start = this.url.indexOf('?')
    this.#query ??= new URLSearchParams(start === -1 ? '' : this.url.slice(start + 1))
    return this.#query
  }

  get token(): string | undefined {
    return /^Bearer (.+)$/.exec(this.header('authorization'))?.[1]
  }

  header(name: string): string {
    return this.#headers.get(name) ?? ''
  }

  /** The body as JSON; undefined when it is not JSON. */
  json(): unknown {
    if (this.#json !== undefined || typeof this.#body !== 'string') return this.#json
    try {
      this.#json = JSON.parse(this.#body)
    } catch {
      // The route's schema rejects the missing body.
    }
    return this.#json
  }

  #routeOf(room: string, id: string, rest: readonly string[]): Route | undefined {
    const isPost = this.method === 'POST'
    if (room === 'registry') {
      if (isPost && (id === 'register' || id === 'heartbeat')) return id
      return !isPost && rest[0] === 'peers' ? 'peers' : undefined
    }
    if (room === 'health' && !isPost) return 'health'
    if (room !== 'workspaces') return undefined
    if (rest[0] === 'pending-uploads') return 'unsupported'
    // The last part is the query.
    const path = this.url.includes('?') ? rest.slice(0, -1) : rest
    if (!isPost && path.length === 3 && path[0] === 'a2a' && path[1] === 'queue') return 'queue'
    if (path[0] === 'requests') return 'requests'
    return WORKSPACE_ROUTES[`${this.method} ${path.join('/')}`]
  }

  #namedWorkspace(): string {
    const body = this.json()
    if (typeof body !== 'object' || body === null) return ''
    const id = 'id' in body ? body.id : 'workspace_id' in body ? body.workspace_id : undefined
    return typeof id === 'string' ? id : ''
  }
}
