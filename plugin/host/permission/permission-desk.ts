/**
 * Carries the host's permission requests into the workspace's chat, and verdicts back. Two sessions may share the work:
 * the one whose host asked (`ask`, and the watch), and the one that reads the feed (`intercept`).
 *
 * All of this is optional: any failure is logged, and the terminal still asks.
 */

import type { Clock } from '../../../base/clock.ts'
import { describeError } from '../../../base/errors.ts'
import { InOrder } from '../../../base/in-order.ts'
import { sleep } from '../../../base/sleep.ts'
import { isBusy } from '../../../base/sqlite.ts'
import { Wake } from '../../../base/wake.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import type { Inbound } from '../../../member/client/inbound.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'
import {
  type AnsweredQuestion,
  OPEN_FOR_MS,
  type OpenRequest,
  VERDICT,
} from '../../../member/ledger/permission-requests.ts'
import { type ChatLine, ChatPosts } from './chat-posts.ts'
import {
  answeredElsewhere,
  howToText,
  notCountedText,
  notPassedOn,
  ownTool,
  ownToolText,
  type PermissionRequest,
  passedOn,
  permissionRequestSchema,
  question,
  settled,
  shownTool,
  verdictLine,
} from './permission-relay.ts'
import { readTyped, type Verdict } from './verdict.ts'

export interface PermissionDeskOptions {
  /** The workspace in whose chat requests are posted; undefined while the relay is off. */
  readonly chat: () => string | undefined
  readonly client: (workspaceId: string) => PlatformClient | undefined
  /** Undefined while the state folder cannot be used. */
  readonly ledger: () => Ledger | undefined
  /** What to wait for before the ledger is asked for; undefined: nothing. Never rejects. */
  readonly opening: () => Promise<void> | undefined
  /** Writes one line to the host; resolves when its bytes have left the process. */
  readonly write: (line: string) => Promise<void>
  readonly redact: (text: string) => string
  readonly log: (line: string) => void
  readonly clock: Clock
}

/** How often a session checks for verdicts on its own open requests. */
const CHECK_INTERVAL_MS = 500
/** A session that still runs has taken a verdict by then. */
const TAKEN_WITHIN_MS = 3_000
const MAX_EXPLAINED = 200
const NOT_ADDED = { full: 'too many are open', known: 'its id is already known' } as const

export class PermissionDesk {
  readonly #chat: () => string | undefined
  readonly #ledger: () => Ledger | undefined
  readonly #opening: () => Promise<void> | undefined
  readonly #write: (line: string) => Promise<void>
  readonly #redact: (text: string) => string
  readonly #log: (line: string) => void
  readonly #clock: Clock
  readonly #wake: Wake
  readonly #posts: ChatPosts
  readonly #running = new AbortController()
  readonly #records: InOrder
  #watching = false
  /** Requests that wait for a ledger that is being opened, or busy. */
  #unrecorded = 0
  /** Messages about which the chat was told how to answer: delivery may show a message here several times. */
  readonly #explained = new Set<number>()
  /** When the last request of this session expires, in milliseconds since the epoch. */
  #openUntil = 0
  #problem: string | undefined

  constructor(options: PermissionDeskOptions) {
    const { chat, client, ledger, opening, write, redact, log, clock } = options
    this.#chat = chat
    this.#ledger = ledger
    this.#opening = opening
    this.#write = write
    this.#redact = redact
    this.#log = log
    this.#clock = clock
    this.#wake = new Wake(clock)
    this.#records = new InOrder({ clock, signal: this.#running.signal })
    this.#posts = new ChatPosts({
      client,
      signal: this.#running.signal,
      onPosted: () => {
        this.#problem = undefined
      },
      onFailure: (error) =>
        this.#report(`cannot post to the chat about a permission request: ${describeError(error)}`),
    })
  }

  /** Whether requests are relayed, which the host must be told. */
  get on(): boolean {
    return this.#chat() !== undefined
  }

  stop(): void {
    this.#running.abort()
  }

  /** The host asks for permission. Never throws. */
  readonly ask = (params: unknown): void => {
    const workspaceId = this.#chat()
    if (workspaceId === undefined) return
    const { success, data: request } = permissionRequestSchema.safeParse(params)
    if (!success) {
      this.#report('cannot read a permission request of the host')
      return
    }
    const own = ownTool(request.tool_name)
    if (own !== undefined) {
      this.#post(workspaceId, ownToolText(own))
      return
    }
    this.#unrecorded++
    this.#onceOpen(
      'relay a permission request',
      () => this.#relay(workspaceId, request),
      () => this.#unrecorded--,
    )
  }

  /** A session that has just started, or stands by, may still be opening its ledger. */
  #onceOpen(what: string, work: () => void, over: () => void = () => {}): void {
    const opening = this.#opening()
    if (opening === undefined) this.#record(what, work, over)
    else void opening.then(() => this.#record(what, work, over))
  }

  #relay(workspaceId: string, request: PermissionRequest): void {
    const { request_id: requestId, tool_name } = request
    const tool = this.#redact(shownTool(tool_name))
    const now = this.#clock.now()
    const added = this.#ledger()?.permissions.add({ workspaceId, requestId, tool }, now)
    if (added !== 'added') {
      const why = added === undefined ? 'there is no ledger' : NOT_ADDED[added]
      this.#report(`a permission request is not relayed: ${why}`)
      return
    }
    this.#post(workspaceId, question(request, this.#redact))
    this.#openUntil = now + OPEN_FOR_MS
    if (!this.#watching) void this.#watch()
  }

  /** The host submitted a prompt. An open dialog holds prompts back, so earlier requests are settled. Never throws. */
  prompted(): void {
    if (!this.#watching && this.#unrecorded === 0) return
    this.#onceOpen('settle permission requests', () => {
      const closed = this.#ledger()?.permissions.close('elsewhere') ?? []
      for (const one of closed) this.#post(one.workspaceId, answeredElsewhere(one))
    })
  }

  /**
   * Handles a message that is a verdict on a request, whichever session made it. One that only seems to be meant as a
   * verdict goes to the model, and the chat is told what to type.
   *
   * @returns why the message is not for the model; undefined when it is.
   * @throws the ledger's error; then nothing was recorded, and this must be called again with the message.
   */
  readonly intercept = (stored: StoredMessage, message: Inbound): string | undefined => {
    const requests = this.#ledger()?.permissions
    const answer = message.kind === 'canvas_user' ? readTyped(message.text) : undefined
    if (requests === undefined || answer === undefined) return undefined
    const open = requests.open(stored, this.#clock.now())
    if (answer.kind === 'verdict' && message.authenticated && message.attachments.length === 0) {
      return this.#decide(stored, answer, requests, open)
    }
    const meant = open.filter(
      ({ requestId }) =>
        (answer.kind === 'verdict' && (answer.requestId ?? requestId) === requestId) ||
        (answer.kind === 'unclear' && (answer.brief || answer.letters.includes(requestId))),
    )
    if (meant.length === 0) return undefined
    if (!message.authenticated) this.#explain(stored, notCountedText('unauthenticated'))
    else if (answer.kind === 'verdict') this.#explain(stored, notCountedText('files'))
    else this.#explain(stored, howToText(meant))
    return undefined
  }

  #explain({ ord, workspaceId }: StoredMessage, text: string): void {
    if (this.#explained.has(ord)) return
    if (this.#explained.size >= MAX_EXPLAINED) this.#explained.clear()
    this.#explained.add(ord)
    this.#post(workspaceId, text)
  }

  #decide(
    stored: StoredMessage,
    { requestId, state }: Verdict,
    requests: Ledger['permissions'],
    open: readonly OpenRequest[],
  ): string | undefined {
    const { workspaceId } = stored
    // A verdict without an id never counts: it may have been written before the request, or to another one, and no clock
    // tells. One that could mean either of two requests is kept from the model, which might act on it.
    if (requestId === undefined) {
      if (open.length > 0) this.#explain(stored, howToText(open))
      return open.length > 1 ? VERDICT : undefined
    }
    const decision = requests.decide(stored, requestId, state, this.#clock.now())
    if (decision.kind === 'unknown') {
      if (open.length > 0) this.#explain(stored, howToText(open))
      return undefined
    }
    if (decision.kind === 'settled') {
      this.#post(workspaceId, settled(decision))
    } else {
      this.#wake.notify()
      void this.#checkTaken(workspaceId, decision.requestId, decision.tool)
    }
    return VERDICT
  }

  /** Passes verdicts on as long as a request of this session is open. */
  async #watch(): Promise<void> {
    const { signal } = this.#running
    this.#watching = true
    while (!signal.aborted && this.#passVerdictsOn()) await this.#wake.wait(CHECK_INTERVAL_MS, signal)
    this.#watching = false
  }

  /** Returns whether a request is still open. */
  #passVerdictsOn(): boolean {
    try {
      const requests = this.#ledger()?.permissions
      if (!this.on) {
        requests?.close('expired')
        return false
      }
      for (const answered of requests?.takeVerdicts() ?? []) void this.#tellHost(answered)
      return requests?.waiting(this.#clock.now()) ?? false
    } catch (error) {
      // The next check comes soon.
      if (isBusy(error)) return true
      this.#report(`cannot check for answers to permission requests: ${describeError(error)}`)
      return this.#clock.now() < this.#openUntil
    }
  }

  async #tellHost(answered: AnsweredQuestion): Promise<void> {
    try {
      await this.#write(verdictLine(answered))
      this.#post(answered.workspaceId, passedOn(answered))
    } catch (error) {
      this.#report(`the host did not accept the answer to a permission request: ${describeError(error)}`)
      this.#post(answered.workspaceId, notPassedOn(answered))
    }
  }

  /** Tells the chat if the session that asked does not take the verdict. */
  async #checkTaken(workspaceId: string, requestId: string, tool: string): Promise<void> {
    const { signal } = this.#running
    await sleep(TAKEN_WITHIN_MS, signal, this.#clock)
    if (signal.aborted) return
    this.#record('check whether the answer to a permission request was taken', () => {
      if (!this.#ledger()?.permissions.giveUp(workspaceId, requestId)) return
      this.#post(workspaceId, notPassedOn({ requestId, tool }))
    })
  }

  #post(workspaceId: string, line: ChatLine | string): void {
    if (!this.#posts.add(workspaceId, line)) this.#report('too many lines wait to be posted to the chat')
  }

  /** Writes a record, after the earlier ones: their order decides what they mean. `over` is called once it is written, or given up. */
  #record(what: string, work: () => void, over: () => void = () => {}): void {
    this.#records.do(
      () => {
        work()
        over()
      },
      (error) => {
        over()
        this.#report(`cannot ${what}: ${describeError(error)}`)
      },
    )
  }

  /** Logs a problem once, until the chat accepts a line again. */
  #report(problem: string): void {
    if (problem !== this.#problem) this.#log(`${problem}; the terminal can still answer`)
    this.#problem = problem
  }
}
