/**
 * What a session does that does not receive: it finds out what waits where nobody else receives either, so that the
 * person hears of it. It holds nothing, moves nothing, and asks the platform only after a prompt.
 */

import { describeError } from '../../base/errors.ts'
import { sleep } from '../../base/sleep.ts'
import { PlatformClient } from '../../member/client/client.ts'
import { type PeekedMessage, peekFeed } from '../../member/feed/peek.ts'
import type { Ledger, MessageState } from '../../member/ledger/ledger.ts'
import type { Config, Target } from '../../member/settings/config.ts'

export interface BystanderOptions {
  readonly config: Config
  readonly ledger: Ledger
  /** Whether any process receives for a workspace. */
  readonly isHeld: (workspaceId: string) => boolean
  /** What this session sent before was put before nobody: it waits as well. */
  readonly unheard: boolean
  /** How to have a session that receives, as in "To receive them, …". */
  readonly remedy: string
  /** When this session began, in milliseconds since the epoch. */
  readonly since: number
  readonly log: (line: string) => void
  readonly fetchImpl?: typeof fetch
  readonly now?: () => number
}

/** What waits for one workspace. */
interface Waiting {
  readonly workspaceId: string
  /** Stored, and not shown by anybody; of these the newest are named. */
  readonly stored: { readonly total: number; readonly ids: readonly string[] }
  /** Not read by anybody. */
  readonly peeked: readonly PeekedMessage[]
}

/** The platform is asked no more often than this, whatever the person types. */
const LOOK_EVERY_MS = 15_000
/** A tool asks for what is there now. */
const ASKED_EVERY_MS = 1_000
/** So long a tool waits for a look; what was found before is shown else. */
const LOOK_WAIT_MS = 3_000
/** Of a configuration with more workspaces the others are not looked at. */
const MAX_WORKSPACES = 20
const MAX_STORED = 50
const MAX_NAMED = 3
/** Ids that are kept so as to tell of a message once. */
const MAX_TOLD = 2_000
const UNSHOWN: readonly MessageState[] = ['received', 'held', 'sending']

export class Bystander {
  readonly #o: BystanderOptions
  readonly #now: () => number
  readonly #running = new AbortController()
  readonly #clients: readonly { readonly target: Target; readonly client: PlatformClient }[]
  readonly #unshown: readonly MessageState[]
  #waiting: readonly Waiting[] = []
  /** Ids that a notice was given for. */
  readonly #told = new Set<string>()
  #lookedAt = Number.NEGATIVE_INFINITY
  #look: Promise<void> | undefined

  constructor(options: BystanderOptions) {
    const { config, fetchImpl, unheard } = options
    this.#o = options
    this.#unshown = unheard ? [...UNSHOWN, 'sent'] : UNSHOWN
    this.#now = options.now ?? Date.now
    this.#clients = config.targets.slice(0, MAX_WORKSPACES).map((target) => ({
      target,
      client: new PlatformClient(
        { ...target, orgId: config.orgId },
        fetchImpl === undefined ? {} : { fetchImpl },
      ),
    }))
  }

  /** Begins to look, unless it has just been done. Never throws, and nobody needs to wait for it. */
  look(everyMs: number = LOOK_EVERY_MS): void {
    if (this.#running.signal.aborted || this.#look !== undefined) return
    if (Math.abs(this.#now() - this.#lookedAt) < everyMs) return
    this.#lookedAt = this.#now()
    this.#look = this.#lookAll().finally(() => {
      this.#look = undefined
    })
  }

  /** What nobody has read yet, as of now if the platform answers soon. Never throws. */
  async unread(signal: AbortSignal): Promise<readonly PeekedMessage[]> {
    this.look(ASKED_EVERY_MS)
    if (this.#look !== undefined) await Promise.race([this.#look, sleep(LOOK_WAIT_MS, signal)])
    return this.#stillWaiting().flatMap(({ peeked }) => peeked)
  }

  /**
   * One line on what waits, if something new does; undefined else. From memory; only when there is something to say,
   * a glance at the locks and the ledger tells whether somebody has come meanwhile.
   */
  notice(): string | undefined {
    if (!this.#waiting.some((one) => this.#isNew(one))) return undefined
    const waiting = this.#stillWaiting()
    if (!waiting.some((one) => this.#isNew(one))) return undefined
    for (const id of waiting.flatMap(idsOf)) this.#told.add(id)
    for (const id of this.#told) {
      if (this.#told.size <= MAX_TOLD) break
      this.#told.delete(id)
    }
    return `${describe(waiting)} To receive them, ${this.#o.remedy}.`
  }

  stop(): void {
    this.#running.abort()
  }

  #isNew(waiting: Waiting): boolean {
    return idsOf(waiting).some((id) => !this.#told.has(id))
  }

  #stillWaiting(): readonly Waiting[] {
    const unheld = this.#unheld()
    const { ledger } = this.#o
    let still: readonly Waiting[] = []
    try {
      ledger.withoutWaiting(() => {
        still = unheld.flatMap((waiting) => this.#stillOf(waiting))
      })
      return still
    } catch {
      // The ledger cannot be read at this moment: what was found is the best that is known.
      return unheld
    }
  }

  /** Without what a session has read, or shown, since it was found. */
  #stillOf({ workspaceId, stored, peeked }: Waiting): readonly Waiting[] {
    const { ledger } = this.#o
    const shown = stored.ids.filter((id) => {
      const state = ledger.find(id, [workspaceId])?.state
      return state === undefined || !this.#unshown.includes(state)
    })
    const still = {
      workspaceId,
      stored: { total: stored.total - shown.length, ids: stored.ids.filter((id) => !shown.includes(id)) },
      peeked: peeked.filter(({ activityId }) => ledger.find(activityId, [workspaceId]) === undefined),
    }
    return idsOf(still).length === 0 ? [] : [still]
  }

  #unheld(): readonly Waiting[] {
    return this.#waiting.filter(({ workspaceId }) => !this.#o.isHeld(workspaceId))
  }

  async #lookAll(): Promise<void> {
    const found = await Promise.all(
      this.#clients.map(async ({ target: { workspaceId }, client }) => {
        // Who receives there also shows it, there.
        if (this.#o.isHeld(workspaceId)) return []
        try {
          return [await this.#lookAt(workspaceId, client)]
        } catch (error) {
          if (!this.#running.signal.aborted) {
            this.#o.log(`cannot look at what waits for workspace ${workspaceId}: ${describeError(error)}`)
          }
          return this.#waiting.filter((one) => one.workspaceId === workspaceId)
        }
      }),
    )
    if (this.#running.signal.aborted) return
    this.#waiting = found.flat()
  }

  async #lookAt(workspaceId: string, client: PlatformClient): Promise<Waiting> {
    const { ledger } = this.#o
    const stored = ledger.inbox.list({
      workspaceIds: [workspaceId],
      states: this.#unshown,
      limit: MAX_STORED,
    })
    const peeked = await peekFeed({
      client,
      cursor: ledger.cursor(workspaceId),
      since: this.#o.since,
      allowedSenders: this.#o.config.allowedSenders,
      signal: this.#running.signal,
      now: this.#now,
    })
    return {
      workspaceId,
      stored: { total: stored.total, ids: stored.rows.map(({ activityId }) => activityId) },
      // A window that is read anew may hold what was stored before.
      peeked: peeked.filter(({ activityId }) => ledger.find(activityId, [workspaceId]) === undefined),
    }
  }
}

function idsOf({ stored, peeked }: Waiting): readonly string[] {
  return [...stored.ids, ...peeked.map(({ activityId }) => activityId)]
}

function describe(waiting: readonly Waiting[]): string {
  const counts = waiting
    .slice(0, MAX_NAMED)
    .map(({ workspaceId, stored, peeked }) => `${stored.total + peeked.length} for workspace ${workspaceId}`)
  const more = waiting.length > MAX_NAMED ? [`and more for ${waiting.length - MAX_NAMED} others`] : []
  return `Messages of the Molecule platform wait, and no session receives them: ${[...counts, ...more].join(', ')}. The inbox tool shows them.`
}
