/**
 * Stands in for the model: a Messages API on loopback that records its requests. It answers each turn by itself, or
 * holds the turn until the scenario says what the model does.
 */
import { until } from '../until.ts'
import { bellsIn, type ModelRequest, readRequest, type Shown, shownIn } from './model-request.ts'
import { READ } from './plugin-tools.ts'

/** What the model does next: say something, which ends its turn, or call a tool. */
export type Answer =
  | { readonly say: string }
  | { readonly call: string; readonly input: Readonly<Record<string, unknown>> }

/** A turn that waits for an answer. */
export interface HeldTurn {
  readonly request: ModelRequest
  readonly answer: (answer: Answer) => void
}

/** Each request repeats the whole conversation, so the oldest are of no use. */
const MAX_KEPT = 200
/** A client that has just started takes a while to its first request. */
const TURN_TIMEOUT_MS = 20_000
const UNSCRIPTED: Answer = { say: 'Noted.' }

export class ModelApi implements AsyncDisposable {
  /** The turns of the conversation, oldest first, without the client's side requests. */
  readonly requests: ModelRequest[] = []
  readonly #waiting: HeldTurn[] = []
  readonly #server: Bun.Server<undefined>
  #holding = false
  #followsBells = false
  /** Bells that were followed. */
  readonly #followed = new Set<string>()

  constructor() {
    this.#server = Bun.serve({
      reusePort: false,
      hostname: '127.0.0.1',
      port: 0,
      // A held turn stays silent as long as the scenario needs.
      idleTimeout: 0,
      development: false,
      fetch: (request) => this.#handle(request),
    })
  }

  get url(): string {
    return this.#server.url.origin
  }

  get newest(): ModelRequest | undefined {
    return this.requests.at(-1)
  }

  /** The channel messages in the conversation, as of the newest request. */
  shown(): readonly Shown[] {
    const { newest } = this
    return newest === undefined ? [] : shownIn(newest)
  }

  /** Waits until the model is shown a message. */
  untilShown(text: string, timeoutMs: number): Promise<Shown> {
    return until(
      `the model to be shown "${text}"`,
      () => this.shown().find((shown) => shown.text === text),
      timeoutMs,
    )
  }

  /** From now on the scenario answers each turn. */
  hold(): void {
    this.#holding = true
  }

  /** From now on the model answers by itself, waiting turns included. */
  release(): void {
    this.#holding = false
    for (const turn of this.#waiting.splice(0)) turn.answer(this.#byItself(turn.request))
  }

  /** From now on, when the model answers by itself, it reads the messages that a bell announces. */
  followBells(): void {
    this.#followsBells = true
  }

  /** The next turn that waits for an answer. */
  nextTurn(): Promise<HeldTurn> {
    return until('a turn of the client', () => this.#waiting.shift(), TURN_TIMEOUT_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true)
  }

  async #handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (request.method === 'HEAD') return new Response(null)
    if (request.method === 'POST' && pathname === '/v1/messages/count_tokens') {
      return Response.json({ input_tokens: 100 })
    }
    if (request.method !== 'POST' || pathname !== '/v1/messages') {
      const error = { type: 'not_found_error', message: 'this stand-in serves only /v1/messages' }
      return Response.json({ type: 'error', error }, { status: 404 })
    }
    const asked = readRequest(await request.json())
    return respond(asked, await this.#answerTo(asked))
  }

  #answerTo(asked: ModelRequest): Answer | Promise<Answer> {
    if (asked.tools.length === 0) return UNSCRIPTED
    this.requests.push(asked)
    if (this.requests.length > MAX_KEPT) this.requests.shift()
    if (!this.#holding) return this.#byItself(asked)
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#waiting.push({ request: asked, answer: resolve })
    return promise
  }

  #byItself(asked: ModelRequest): Answer {
    if (!this.#followsBells) return UNSCRIPTED
    const bell = bellsIn(asked).find((one) => !this.#followed.has(one))
    for (const one of bellsIn(asked)) this.#followed.add(one)
    const isMore = asked.results.some((result) => result.includes('call read_messages again'))
    return bell !== undefined || isMore ? { call: READ, input: {} } : UNSCRIPTED
  }
}

function respond({ model, streamed }: ModelRequest, answer: Answer): Response {
  const id = crypto.randomUUID().replaceAll('-', '')
  const block =
    'say' in answer
      ? { type: 'text', text: answer.say }
      : { type: 'tool_use', id: `toolu_${id}`, name: answer.call, input: answer.input }
  const end = { stop_reason: 'say' in answer ? 'end_turn' : 'tool_use', stop_sequence: null }
  const usage = { input_tokens: 10, output_tokens: 5 }
  const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model, usage }
  if (!streamed) return Response.json({ ...message, ...end, content: [block] })
  const [start, delta] =
    'say' in answer
      ? [
          { ...block, text: '' },
          { type: 'text_delta', text: answer.say },
        ]
      : [
          { ...block, input: {} },
          { type: 'input_json_delta', partial_json: JSON.stringify(answer.input) },
        ]
  const events = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null } },
    { type: 'content_block_start', index: 0, content_block: start },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: end, usage },
    { type: 'message_stop' },
  ]
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
  return new Response(text, { headers: { 'Content-Type': 'text/event-stream' } })
}
