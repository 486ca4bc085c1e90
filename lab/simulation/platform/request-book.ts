/** The requests that one workspace raised, and what a person says to them. */
import { z } from 'zod'
import { type ModelFeed, timestamp } from '../model-feed.ts'
import type { SimClock } from '../sim-clock.ts'
import { type Answer, failure, json } from './answers.ts'
import type { EventStreams } from './event-streams.ts'
import type { SimRequest } from './request.ts'

interface SimWords {
  readonly id: string
  readonly body: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface RaisedRequest {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly choices: readonly string[]
  readonly status: 'pending' | 'info_requested' | 'done' | 'approved' | 'rejected' | 'cancelled'
  readonly choice: string | null
  readonly words: readonly SimWords[]
  /** When a person answered; undefined until then, and for one that its requester withdrew. */
  readonly respondedAt: number | undefined
}

interface Raised extends RaisedRequest {
  status: RaisedRequest['status']
  choice: string | null
  words: SimWords[]
  respondedAt: number | undefined
}

export interface RequestBookOptions {
  readonly workspaceId: string
  readonly clock: SimClock
  readonly feed: ModelFeed
  readonly streams: EventStreams
  /** An older platform has no requests. */
  readonly exists: boolean
  readonly onFault: (sentence: string) => void
}

const creationSchema = z.object({
  kind: z.enum(['task', 'approval']),
  recipient_type: z.literal('user'),
  recipient_id: z.literal(''),
  title: z.string().min(1),
  detail: z.string(),
  choices: z.array(z.string()).optional(),
})

const NOTICE_MS = 15_000
/** Each event of so many is lost. */
const LOST_EVENT = 4

export class RequestBook {
  readonly #options: RequestBookOptions
  readonly #requests = new Map<string, Raised>()
  #ids = 0
  #said = 0

  constructor(options: RequestBookOptions) {
    this.#options = options
  }

  get all(): readonly RaisedRequest[] {
    return [...this.#requests.values()]
  }

  /** Answers `GET` and `POST /workspaces/<own>/requests…`. */
  serve(request: SimRequest): Answer {
    if (!this.#options.exists) return failure(404, 'not found')
    const [, id, action] = /\/requests(?:\/([^/?]+))?(?:\/([^/?]+))?/.exec(request.url) ?? []
    if (id === undefined) return this.#create(request)
    const raised = this.#requests.get(id)
    if (raised === undefined) return failure(404, 'request not found')
    if (action === 'cancel') return this.#cancel(raised)
    return json(200, {
      request: this.#wire(raised),
      messages: raised.words.map((words) => wireWords(id, words)),
    })
  }

  /** The person answers. Nothing happens to a request that is over. */
  respond(id: string, status: 'done' | 'approved' | 'rejected', choice: string | null): void {
    const raised = this.#open(id)
    if (raised === undefined) return
    raised.status = status
    raised.choice = choice
    raised.respondedAt = this.#options.clock.now()
    const { kind, title } = raised
    this.#announce(
      'REQUEST_RESPONDED',
      `request-responded:${id}-${this.#nextId()}`,
      `Your ${kind} request ${JSON.stringify(title)} (id ${id}) was ${status} by the user.`,
    )
  }

  /** The person writes about it. */
  write(id: string, body: string): void {
    const raised = this.#open(id)
    if (raised === undefined) return
    const words = { id: this.#nextId(), body, at: this.#options.clock.now() }
    raised.status = 'info_requested'
    raised.words.push(words)
    const { kind, title } = raised
    this.#announce(
      'REQUEST_MESSAGE',
      `request-message:${words.id}-${this.#nextId()}`,
      `More info requested on your ${kind} request ${JSON.stringify(title)} (id ${id}): ${body}\nReply with add_request_message.`,
    )
  }

  /** The event comes at once, unless it is lost, and the notice with a later heartbeat. */
  #announce(event: string, noticeOf: string, text: string): void {
    const { clock, feed, streams } = this.#options
    if (++this.#said % LOST_EVENT !== 0) streams.tell(event)
    clock.after(NOTICE_MS, () => feed.add({ noticeOf, text }))
  }

  #open(id: string): Raised | undefined {
    const raised = this.#requests.get(id)
    return raised?.status === 'pending' || raised?.status === 'info_requested' ? raised : undefined
  }

  #create(request: SimRequest): Answer {
    const parsed = creationSchema.safeParse(request.json())
    if (!parsed.success) {
      this.#options.onFault(`the plugin made a bad request: ${request.method} ${request.url}`)
      return failure(400, 'invalid request body')
    }
    const { kind, title, choices = [] } = parsed.data
    const id = this.#nextId()
    const raised: Raised = {
      id,
      kind,
      title,
      choices,
      status: 'pending',
      choice: null,
      words: [],
      respondedAt: undefined,
    }
    this.#requests.set(id, raised)
    return json(201, { request_id: id, status: 'pending' })
  }

  #cancel(raised: Raised): Answer {
    if (this.#open(raised.id) === undefined) return failure(404, 'request not found or already resolved')
    raised.status = 'cancelled'
    return json(200, { request_id: raised.id, status: 'cancelled' })
  }

  #wire({ id, kind, title, status, choice, respondedAt }: Raised): object {
    return {
      id,
      kind,
      title,
      requester_type: 'agent',
      requester_id: this.#options.workspaceId,
      status,
      choice,
      responder_type: respondedAt === undefined ? null : 'user',
      responder_id: respondedAt === undefined ? null : 'human',
      responded_at: respondedAt === undefined ? null : timestamp(respondedAt * 1000),
    }
  }

  /** Unique across workspaces. */
  #nextId(): string {
    const number = (++this.#ids).toString(16).padStart(12, '0')
    return `${this.#options.workspaceId.slice(0, 8)}-a5c0-4000-8000-${number}`
  }
}

function wireWords(request_id: string, { id, body, at }: SimWords): object {
  const author = { author_type: 'user', author_id: 'human' }
  return { id, request_id, ...author, body, created_at: timestamp(at * 1000) }
}
