/**
 * Carries permission requests of the host into the workspace's chat, and verdicts back. Two sessions may share the
 * work: the one whose host asked (`ask`, and the watch), and the one that reads the feed (`intercept`).
 *
 * Everything here is an offer beside the terminal. Whatever fails is said in the log, and the terminal still asks.
 */

import { describeError } from '../../../base/errors.ts'
import { sleep, systemTimers, type Timers } from '../../../base/sleep.ts'
import { Wake } from '../../../base/wake.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import type { Inbound } from '../../../member/client/inbound.ts'
import { notifyUser } from '../../../member/client/notify.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'
import { type AnsweredQuestion, OPEN_FOR_MS, VERDICT } from '../../../member/ledger/permission-requests.ts'
import {
  notPassedOnText,
  ownTool,
  ownToolText,
  type PermissionRequest,
  passedOnText,
  permissionRequestSchema,
  questionText,
  readVerdict,
  settledText,
  shownTool,
  verdictLine,
} from './permission-relay.ts'

export interface PermissionDeskOptions {
  /** The workspace in whose chat is asked; undefined while the relay is off. */
  readonly chat: () => string | undefined
  readonly client: (workspaceId: string) => PlatformClient | undefined
  /** Undefined when the state folder cannot be used. */
  readonly ledger: () => Ledger | undefined
  /** Writes one line to the host; resolves when its bytes have left the process. */
  readonly write: (line: string) => Promise<void>
  readonly redact: (text: string) => string
  readonly log: (line: string) => void
  readonly now?: () => number
  readonly timers?: Timers
}

/** How often a session looks for verdicts on its own open questions. */
const LOOK_MS = 500
/** A session that runs has taken a verdict by then. */
const TAKEN_WITHIN_MS = 3_000
/** Lines that wait for the platform; more are dropped. */
const MAX_POSTS = 50
const NOT_ADDED = { full: 'too many are open', known: 'its id is known already' } as const

export class PermissionDesk {
  readonly #o: PermissionDeskOptions
  readonly #now: () => number
  readonly #timers: Timers
  readonly #wake: Wake
  readonly #running = new AbortController()
  /** One after another, so that a question stands before what is said about it. */
  #posting: Promise<void> = Promise.resolve()
  #posts = 0
  #watching = false
  /** When the last question of this session ends, in milliseconds since the epoch. */
  #until = 0
  #problem: string | undefined

  constructor(options: PermissionDeskOptions) {
    this.#o = options
    this.#now = options.now ?? Date.now
    this.#timers = options.timers ?? systemTimers
    this.#wake = new Wake(this.#timers)
  }

  /** Whether the host is to be told that requests can be relayed. */
  get on(): boolean {
    return this.#o.chat() !== undefined
  }

  stop(): void {
    this.#running.abort()
  }

  /** The host asks for permission. Never throws. */
  readonly ask = (params: unknown): void => {
    const workspaceId = this.#o.chat()
    if (workspaceId === undefined) return
    const { success, data: request } = permissionRequestSchema.safeParse(params)
    if (!success) {
      this.#say('a permission request of the host cannot be read')
      return
    }
    const own = ownTool(request.tool_name)
    if (own !== undefined) this.#post(workspaceId, ownToolText(own))
    else this.#attempt('relay a permission request', () => this.#relay(workspaceId, request))
  }

  #relay(workspaceId: string, request: PermissionRequest): void {
    const { request_id: requestId, tool_name } = request
    const tool = this.#o.redact(shownTool(tool_name))
    const now = this.#now()
    const added = this.#o.ledger()?.permissions.add({ workspaceId, requestId, tool }, now)
    if (added !== 'added') {
      const why = added === undefined ? 'there is no ledger' : NOT_ADDED[added]
      this.#say(`a permission request is not relayed: ${why}`)
      return
    }
    this.#post(workspaceId, questionText(request, this.#o.redact))
    this.#until = now + OPEN_FOR_MS
    if (!this.#watching) void this.#watch()
  }

  /** The host was given a prompt. An open dialog holds prompts back, so what was asked before is settled. Never throws. */
  prompted(): void {
    if (!this.#watching) return
    this.#attempt('settle permission requests', () => this.#o.ledger()?.permissions.close('elsewhere'))
  }

  /**
   * Takes a message that is a verdict on a known question, whichever session asked it.
   *
   * @returns why the message is not for the model; undefined when it is.
   * @throws the ledger's error: then nothing is recorded, and the message is to be given again.
   */
  readonly intercept = (stored: StoredMessage, message: Inbound): string | undefined => {
    const verdict = readVerdict(message)
    const requests = this.#o.ledger()?.permissions
    if (verdict === undefined || requests === undefined) return undefined
    const { workspaceId } = stored
    const { requestId, state } = verdict
    const decision = requests.decide(stored, requestId, state, this.#now())
    if (decision.kind === 'unknown') return undefined
    if (decision.kind === 'settled') {
      this.#post(workspaceId, settledText(requestId, decision))
    } else {
      this.#wake.notify()
      void this.#seeTaken(workspaceId, requestId, decision.tool)
    }
    return VERDICT
  }

  /** Looks for verdicts as long as a question of this session is open. */
  async #watch(): Promise<void> {
    const { signal } = this.#running
    this.#watching = true
    while (!signal.aborted && this.#look()) await this.#wake.wait(LOOK_MS, signal)
    this.#watching = false
  }

  /** Tells the host what was decided. Returns whether there is more to wait for. */
  #look(): boolean {
    try {
      const requests = this.#o.ledger()?.permissions
      if (!this.on) {
        requests?.close('expired')
        return false
      }
      for (const answered of requests?.takeVerdicts() ?? []) void this.#tell(answered)
      return requests?.waiting(this.#now()) ?? false
    } catch (error) {
      this.#say(`cannot look for answers to permission requests: ${describeError(error)}`)
      return this.#now() < this.#until
    }
  }

  async #tell(answered: AnsweredQuestion): Promise<void> {
    try {
      await this.#o.write(verdictLine(answered))
      this.#post(answered.workspaceId, passedOnText(answered))
    } catch (error) {
      this.#say(`the host does not take the answer to a permission request: ${describeError(error)}`)
      this.#post(answered.workspaceId, notPassedOnText(answered.requestId, answered.tool))
    }
  }

  /** Says so when the session that asked does not take a verdict. */
  async #seeTaken(workspaceId: string, requestId: string, tool: string): Promise<void> {
    const { signal } = this.#running
    await sleep(TAKEN_WITHIN_MS, signal, this.#timers)
    if (signal.aborted) return
    this.#attempt('follow the answer to a permission request', () => {
      if (!this.#o.ledger()?.permissions.giveUp(workspaceId, requestId)) return
      this.#post(workspaceId, notPassedOnText(requestId, tool))
    })
  }

  #post(workspaceId: string, text: string): void {
    if (this.#posts >= MAX_POSTS) {
      this.#say('too much waits to be posted to the chat')
      return
    }
    this.#posts++
    this.#posting = this.#posting.then(() => this.#postNow(workspaceId, text))
  }

  async #postNow(workspaceId: string, text: string): Promise<void> {
    const { signal } = this.#running
    try {
      const client = this.#o.client(workspaceId)
      if (client === undefined) throw new Error('its workspace is not configured any more')
      await notifyUser(client, text, signal)
      this.#problem = undefined
    } catch (error) {
      if (!signal.aborted)
        this.#say(`the chat cannot be told of a permission request: ${describeError(error)}`)
    } finally {
      this.#posts--
    }
  }

  #attempt(what: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#say(`cannot ${what}: ${describeError(error)}`)
    }
  }

  /** Each trouble once, until the chat was written to again. */
  #say(problem: string): void {
    if (problem !== this.#problem) this.#o.log(`${problem}; the terminal can still answer`)
    this.#problem = problem
  }
}
