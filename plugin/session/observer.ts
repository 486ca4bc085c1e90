/**
 * Used in a session that does not receive: finds messages that wait for workspaces that no other session receives for
 * either, so that the user learns of them. It holds nothing, decides nothing but where reading begins if no session has,
 * and asks the platform only after a prompt.
 */
import { describeError } from '../../base/errors.ts'
import { sleep } from '../../base/sleep.ts'
import type { Ledger, MessageState } from '../../member/ledger/ledger.ts'
import type { Config } from '../../member/settings/config.ts'
import { Feed } from '../../member/workspace/feed.ts'
import { buildWorkspace, type Surroundings } from '../../member/workspace/memberships.ts'
import { type PeekedMessage, type PeekPosition, peekFeed } from '../../member/workspace/peek.ts'
import type { Workspace } from '../../member/workspace/workspace.ts'

export interface ObserverOptions {
  /** Whether any session receives for a workspace: it holds the lock, and does not stand still. */
  readonly isServed: (workspaceId: string) => boolean
  /** The host never showed what this session sent: count those messages as waiting. */
  readonly unheard: boolean
  /** How to get a session that receives, as in "To receive them, …". */
  readonly remedy: string
}

/** What waits for one workspace. */
interface Waiting {
  readonly workspaceId: string
  /** Stored, and shown by no session; the newest of these are named. */
  readonly stored: { readonly total: number; readonly ids: readonly string[] }
  /** Read by no session. */
  readonly peeked: readonly PeekedMessage[]
}

/** However often the user types, this limits how often the platform is asked. */
const LOOK_EVERY_MS = 15_000
/** The same for a tool, which wants current data. */
const ASKED_EVERY_MS = 1_000
/** How long a tool waits for a look; after that it shows the previous result. */
const LOOK_WAIT_MS = 3_000
/** How many workspaces are looked at; any others are not. */
const MAX_WORKSPACES = 20
const MAX_STORED = 50
const MAX_NAMED = 3
/** How many ids to keep, so that each message is mentioned once. */
const MAX_TOLD = 2_000
const UNSHOWN: readonly MessageState[] = ['received', 'held', 'sending']

export class Observer {
  readonly #surroundings: Surroundings
  readonly #options: ObserverOptions
  readonly #ledger: Ledger
  readonly #running = new AbortController()
  readonly #workspaces: readonly Workspace[]
  readonly #unshown: readonly MessageState[]
  readonly #positions = new Map<string, PeekPosition>()
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

  /** Starts a look, unless there has just been one. Never throws, and need not be awaited. */
  look(everyMs: number = LOOK_EVERY_MS): void {
    if (this.#look !== undefined) return
    const now = this.#surroundings.clock.now()
    if (Math.abs(now - this.#lookedAt) < everyMs) return
    this.#lookedAt = now
    this.#look = this.#lookAll().finally(() => {
      this.#look = undefined
    })
  }

  /** Looks again, and waits for the result if the platform answers soon. Never throws. */
  async update(signal: AbortSignal): Promise<void> {
    this.look(ASKED_EVERY_MS)
    if (this.#look !== undefined)
      await Promise.race([this.#look, sleep(LOOK_WAIT_MS, signal, this.#surroundings.clock)])
  }

  /** What no session has read yet; current if the platform answers soon. Never throws. */
  async unread(signal: AbortSignal): Promise<readonly PeekedMessage[]> {
    await this.update(signal)
    return this.#stillWaiting().flatMap(({ peeked }) => peeked)
  }

  /** The workspaces that messages wait for, as of the last look. */
  waitingFor(): readonly string[] {
    return this.#stillWaiting().map(({ workspaceId }) => workspaceId)
  }

  /** How many messages wait, as of the last look. */
  get waiting(): number {
    return this.#stillWaiting().reduce((sum, { stored, peeked }) => sum + stored.total + peeked.length, 0)
  }

  /** How many messages of a workspace wait on the platform, read by no session, as of the last look. */
  unreadOf(workspaceId: string): number {
    return this.#stillWaiting().find((one) => one.workspaceId === workspaceId)?.peeked.length ?? 0
  }

  /**
   * One line on what waits, if there is anything new; otherwise undefined. From memory: the locks and the ledger are
   * checked only when there is something to say, in case another session has taken over.
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
    if (this.#waiting.length === 0) return []
    const unheld = this.#unheld()
    try {
      return unheld.flatMap((waiting) => this.#stillOf(waiting))
    } catch {
      // The ledger cannot be read right now: the earlier result is the best available.
      return unheld
    }
  }

  /** Excludes what a session has read or shown since. */
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
    return this.#waiting.filter(({ workspaceId }) => !this.#options.isServed(workspaceId))
  }

  async #lookAll(): Promise<void> {
    const found = await Promise.all(
      this.#workspaces.map(async (workspace) => {
        // The session that receives there also shows it.
        if (this.#options.isServed(workspace.id)) return []
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
    const { startedAt } = this.#surroundings.holder
    // What is told of must also be shown to the first session that receives.
    await new Feed(workspace, { since: startedAt }).settle()
    const stored = this.#ledger.inbox.list({
      workspaceIds: [workspace.id],
      states: this.#unshown,
      limit: MAX_STORED,
    })
    const { messages, position } = await peekFeed(workspace, startedAt, this.#positions.get(workspace.id))
    if (position !== undefined) this.#positions.set(workspace.id, position)
    return {
      workspaceId: workspace.id,
      stored: { total: stored.total, ids: stored.rows.map(({ activityId }) => activityId) },
      peeked: messages,
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
