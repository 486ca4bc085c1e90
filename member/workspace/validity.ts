/**
 * Whether the platform still accepts us as the workspace we claim to be. A refusal is no proof: a platform whose
 * database is down answers the same, so the unauthenticated route is checked before a workspace is given up.
 */

import type { Verdict } from '../../poll.ts'
import { PlatformError } from '../client/errors.ts'
import type { StreamEvent } from '../client/events.ts'
import { lookUpWorkspace, type WorkspaceLookup } from '../client/workspace.ts'
import type { Workspace } from './workspace.ts'

/** Give up after this many refusals over this long, although the workspace exists. */
const DEAD_AFTER_REFUSALS = 5
const DEAD_AFTER_MS = 30_000
/** Neither registering nor heartbeats lift these. */
const PARKED: ReadonlySet<string> = new Set(['paused', 'hibernated', 'hibernating'])
/** The events that announce them. */
const PARKING: ReadonlySet<string> = new Set(['WORKSPACE_PAUSED', 'WORKSPACE_HIBERNATED'])
const CHECK_EVERY_MS = 1_000
const TOKEN_REFUSED =
  'the platform refuses its token. Create a new one on the platform and put it into the settings (in Claude Code: /molecule:configure).'

export class Validity {
  readonly #workspace: Workspace
  readonly #onDead: (reason: string) => void
  #dead: string | undefined
  #refused: string | undefined
  #parked: string | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  #isCheckDue = false
  #refusals = 0
  #refusedSince = 0

  /** @param onDead called once, when a failure was judged `dead`. */
  constructor(workspace: Workspace, onDead: (reason: string) => void) {
    this.#workspace = workspace
    this.#onDead = onDead
  }

  /** Why the workspace is given up; undefined while it is not. */
  get dead(): string | undefined {
    return this.#dead
  }

  /** The platform has the workspace and refuses its token: likely for good, which is not proven yet. */
  get refused(): string | undefined {
    return this.#refused
  }

  /** `paused`, `hibernated` or `hibernating`; undefined in any other status. */
  get parked(): string | undefined {
    return this.#parked
  }

  /** Looks up the workspace, and notes its status. Throws as {@link lookUpWorkspace}. */
  readonly lookUp = async (): Promise<WorkspaceLookup> => {
    const { client, signal } = this.#workspace
    const found = await lookUpWorkspace(client, signal)
    if (found.state === 'present') this.#noteStatus(found.info.status)
    return found
  }

  /** Looks up the status of the workspace. Never throws. */
  async checkStatus(): Promise<void> {
    this.#checkedAt = this.#workspace.clock.now()
    try {
      // What to do about a workspace that is gone is decided by what the platform refuses.
      await this.lookUp()
    } catch {
      // Some platforms do not show a workspace to everyone, and any may fail: nothing new is known.
    }
  }

  /** The event stream brought an event: looks up the status if it tells of a change. */
  noteEvent({ type = '' }: StreamEvent): void {
    if (!PARKING.has(type) && !(this.#parked !== undefined && type.startsWith('WORKSPACE_'))) return
    if (this.#isCheckDue) return
    this.#isCheckDue = true
    const { clock, signal } = this.#workspace
    // A platform can send events at any rate, and the last one counts.
    const sinceMs = Math.abs(clock.now() - this.#checkedAt)
    clock.after(Math.max(0, CHECK_EVERY_MS - sinceMs), () => {
      this.#isCheckDue = false
      if (!signal.aborted) void this.checkStatus()
    })
  }

  /** The platform accepted a request of ours. Returns true when the workspace had been given up. */
  restore(): boolean {
    const wasDead = this.#dead !== undefined
    this.#dead = undefined
    this.#refused = undefined
    this.#refusals = 0
    return wasDead
  }

  /** Judges a failure; only a confirmed refusal is `dead`. Never throws. */
  async judge(error: unknown): Promise<Verdict> {
    if (this.#dead !== undefined) return 'dead'
    if (!(error instanceof PlatformError) || error.kind !== 'gone') return 'passing'
    const reason = await this.#reason()
    if (reason === undefined || this.#workspace.signal.aborted) return 'passing'
    // Two failures may be judged at once.
    if (this.#dead === undefined) this.#onDead(reason)
    this.#dead = reason
    return 'dead'
  }

  /** Whether the platform knows the workspace. Gives it up if the platform says that it does not. */
  async exists(): Promise<boolean> {
    try {
      const found = await this.lookUp()
      if (found.state === 'present') return true
      this.#dead = found.message
      return false
    } catch (error) {
      // Some platforms do not show a workspace to everyone; then the next request must tell.
      if (error instanceof PlatformError && error.kind !== 'retry') return true
      throw error
    }
  }

  #noteStatus(status: string | null | undefined): void {
    const parked = status != null && PARKED.has(status) ? status : undefined
    if (parked === this.#parked) return
    this.#parked = parked
    const { log, warn } = this.#workspace
    if (parked === undefined) log('is no longer paused or hibernated on the platform')
    else warn(`is ${parked} on the platform, so messages may not arrive: resume it there`)
  }

  async #reason(): Promise<string | undefined> {
    const { client, clock, signal } = this.#workspace
    try {
      const found = await lookUpWorkspace(client, signal)
      if (found.state !== 'present') return found.message
    } catch (error) {
      // If the open route fails, too, the platform is merely unwell. If it also refuses, as some platforms do, only the
      // count below can tell.
      if (!(error instanceof PlatformError) || error.kind !== 'gone') return undefined
    }
    if (this.#refusals === 0) {
      this.#refusedSince = clock.now()
      this.#refused = TOKEN_REFUSED
      this.#workspace.warn(`may not receive messages: ${TOKEN_REFUSED}`)
    }
    this.#refusals++
    const proven = this.#refusals >= DEAD_AFTER_REFUSALS && clock.now() - this.#refusedSince >= DEAD_AFTER_MS
    return proven ? TOKEN_REFUSED : undefined
  }
}
