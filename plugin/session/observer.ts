/**
 * Looks after the messages in a session that does not receive: finds out what waits where no other session receives
 * either, so that the user hears of it. It holds nothing, moves nothing, and asks the platform only after a prompt.
 */
import { describeError } from '../../base/errors.ts'
import { sleep } from '../../base/sleep.ts'
import type { Ledger, MessageState } from '../../member/ledger/ledger.ts'
import type { Config } from '../../member/settings/config.ts'
import { buildWorkspace, type Surroundings } from '../../member/workspace/memberships.ts'
import { type PeekedMessage, peekFeed } from '../../member/workspace/peek.ts'
import type { Workspace } from '../../member/workspace/workspace.ts'

export interface ObserverOptions {
  /** Whether any process receives for a workspace. */
  readonly isHeld: (workspaceId: string) => boolean
  /** The host never showed what this session sent: count it as waiting. */
  readonly unheard: boolean
  /** How to get a session that receives, as in "To receive them, …". */
  readonly remedy: string
}

/** What waits for one workspace. */
interface Waiting {
  readonly workspaceId: string
  /** Stored, and not shown by anybody; of these the newest are named. */
  readonly stored: { readonly total: number; readonly ids: readonly string[] }
  /** Not read by anybody. */
  readonly peeked: readonly PeekedMessage[]
}

/** Whatever the user types, the platform is asked no more often than this. */
const LOOK_EVERY_MS = 15_000
/** A tool wants what is there now. */
const ASKED_EVERY_MS = 1_000
/** How long a tool waits for a look; after that it shows what was found before. */
const LOOK_WAIT_MS = 3_000
/** A configuration with more workspaces: the others are not looked at. */
const MAX_WORKSPACES = 20
const MAX_STORED = 50
const MAX_NAMED = 3
/** Ids that are kept so that each message is mentioned once. */
const MAX_TOLD = 2_000
const UNSHOWN: readonly MessageState[] = ['received', 'held', 'sending']

export class Observer {
  readonly #surroundings: Surroundings
  readonly #options: ObserverOptions
  readonly #ledger: Ledger
  readonly #running = new AbortController()
  readonly #workspaces: readonly Workspace[]
  readonly #unshown: readonly MessageState[]
  #waiting: readonly Waiting[] = []
  /** Ids that a notice mentioned. */
  readonly #told = new Set<string>()
  #lookedAt = Number.NEGATIVE_INFINITY
  #look: Promise<void> | undefined

  constructor(surroundings: Surroundings, config: Config, ledger: Ledger, options: ObserverOptions) {
    const { signal } = this.#running
    this.#surroundings = surroundings
    this.#options = options
    this.#ledger = ledger
    this.#unshown = options.unheard ? [...UNSHOWN, 'sent'] : UNSHOWN
    this.#workspaces = config.targets
      .slice(0, MAX_WORKSPACES)
      .map((target) => buildWorkspace(surroundings, config, ledger, target, signal))
  }

  /** Begins a look, unless one has just been made. Never throws, and need not be awaited. */
  look(everyMs: number = LOOK_EVERY_MS): void {
    if (this.#look !== undefined) return
    const now = this.#surroundings.clock.now()
    if (Math.abs(now - this.#lookedAt) < everyMs) return
    this.#lookedAt = now
    this.#look = this.#lookAll().finally(() => {
      this.#look = undefined
    })
  }

  /** What nobody has read yet, as of now if the platform answers soon. Never throws. */
  async unread(signal: AbortSignal): Promise<readonly PeekedMessage[]> {
    this.look(ASKED_EVERY_MS)
    if (this.#look !== undefined)
      await Promise.race([this.#look, sleep(LOOK_WAIT_MS, signal, this.#surroundings.clock)])
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
    return `${describe(waiting)} To receive them, ${this.#options.remedy}.`
  }

  stop(): void {
    this.#running.abort()
  }

  #isNew(waiting: Waiting): boolean {
    return idsOf(waiting).some((id) => !this.#told.has(id))
  }

  #stillWaiting(): readonly Waiting[] {
    const unheld = this.#unheld()
    let still: readonly Waiting[] = []
    try {
      this.#ledger.withoutWaiting(() => {
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
    const shown = stored.ids.filter((id) => {
      const state = this.#ledger.find(id, [workspaceId])?.state
      return state === undefined || !this.#unshown.includes(state)
    })
    const still = {
      workspaceId,
      stored: { total: stored.total - shown.length, ids: stored.ids.filter((id) => !shown.includes(id)) },
      peeked: peeked.filter(({ activityId }) => this.#ledger.find(activityId, [workspaceId]) === undefined),
    }
    return idsOf(still).length === 0 ? [] : [still]
  }

  #unheld(): readonly Waiting[] {
    return this.#waiting.filter(({ workspaceId }) => !this.#options.isHeld(workspaceId))
  }

  async #lookAll(): Promise<void> {
    const found = await Promise.all(
      this.#workspaces.map(async (workspace) => {
        // Whoever receives there also shows it, there.
        if (this.#options.isHeld(workspace.id)) return []
        try {
          return [await this.#lookAt(workspace)]
        } catch (error) {
          if (!this.#running.signal.aborted) {
            const problem = `cannot look at what waits for workspace ${workspace.id}: ${describeError(error)}`
            this.#surroundings.log.debug(problem)
          }
          return this.#waiting.filter((one) => one.workspaceId === workspace.id)
        }
      }),
    )
    this.#waiting = found.flat()
  }

  async #lookAt(workspace: Workspace): Promise<Waiting> {
    const stored = this.#ledger.inbox.list({
      workspaceIds: [workspace.id],
      states: this.#unshown,
      limit: MAX_STORED,
    })
    const peeked = await peekFeed(workspace, this.#surroundings.holder.startedAt)
    return {
      workspaceId: workspace.id,
      stored: { total: stored.total, ids: stored.rows.map(({ activityId }) => activityId) },
      // A window that is read anew may hold what was stored before.
      peeked: peeked.filter(({ activityId }) => this.#ledger.find(activityId, [workspace.id]) === undefined),
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
