/**
 * Used in a session that does not receive: reads what waits for workspaces that no other session receives for either, so
 * that the user learns of it, and `inbox` shows all of it. For `inbox` it also asks for answers that no call waits for.
 * It holds nothing and shows nothing: what it stores waits in the ledger for the next session that receives. It asks the
 * platform only after a prompt or for a tool.
 */
import { describeError } from '../../base/errors.ts'
import { sleep } from '../../base/sleep.ts'
import type { Ledger, MessageState } from '../../member/ledger/ledger.ts'
import type { Config } from '../../member/settings/config.ts'
import { AnswerSearch } from '../../member/workspace/answer-search.ts'
import { Feed } from '../../member/workspace/feed.ts'
import { InquiryWatch } from '../../member/workspace/inquiry-watch.ts'
import { buildWorkspace, type Surroundings } from '../../member/workspace/memberships.ts'
import type { Workspace } from '../../member/workspace/workspace.ts'

export interface ObserverOptions {
  /** Whether any session receives for a workspace: it holds the lock, and does not stand still. */
  readonly isServed: (workspaceId: string) => boolean
  /** The host never showed what this session sent: those messages count as waiting. */
  readonly unheard: boolean
  /** Why this session does not receive, as the end of a sentence. */
  readonly because: string
  /** How to get a session that receives, as in "To receive them, …". */
  readonly remedy: string
}

/** A workspace, and what is asked for it. */
interface Observed {
  readonly workspace: Workspace
  readonly feed: Feed
  readonly answers: AnswerSearch
  readonly inquiries: InquiryWatch
}

/** What waits for one workspace: stored, and shown by no session. The newest of these are named. */
interface Waiting {
  readonly workspaceId: string
  readonly total: number
  readonly ids: readonly string[]
}

/** However often the user types, this limits how often the platform is asked. */
const LOOK_EVERY_MS = 15_000
/** The same for a tool, which wants current data. */
const ASKED_EVERY_MS = 1_000
/** How long a tool waits for a look; after that it shows the previous result. */
const LOOK_WAIT_MS = 3_000
/** How many workspaces are looked at; any others are not. */
const MAX_WORKSPACES = 20
/** How many messages of a workspace may wait before no more are read: the platform keeps the rest. */
const MAX_WAITING = 5_000
const MAX_STORED = 50
const MAX_NAMED = 3
/** How many ids to keep, so that each message is mentioned once. */
const MAX_TOLD = 2_000
const UNSHOWN: readonly MessageState[] = ['received', 'held', 'sending']

/** Enough waits: nothing more is read. */
class Enough extends Error {}

export class Observer {
  readonly #surroundings: Surroundings
  readonly #options: ObserverOptions
  readonly #ledger: Ledger
  readonly #running = new AbortController()
  readonly #observed: readonly Observed[]
  #waiting: readonly Waiting[] = []
  /** Ids that a notice mentioned. */
  readonly #told = new Set<string>()
  #lookedAt = Number.NEGATIVE_INFINITY
  #look: Promise<void> | undefined
  #search: Promise<void> | undefined

  constructor(surroundings: Surroundings, config: Config, ledger: Ledger, options: ObserverOptions) {
    const { signal } = this.#running
    this.#surroundings = surroundings
    this.#options = options
    this.#ledger = ledger
    this.#observed = config.targets.slice(0, MAX_WORKSPACES).map((target) => {
      const workspace = buildWorkspace(surroundings, config, ledger, target, signal)
      const { startedAt: since } = surroundings.holder
      const capacity = async (): Promise<void> => {
        if (workspace.ledger.isFull(MAX_WAITING)) throw new Enough()
      }
      const answers = new AnswerSearch(workspace)
      const inquiries = new InquiryWatch(workspace, () => false)
      return { workspace, answers, inquiries, feed: new Feed(workspace, { since, capacity }) }
    })
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

  /** Reads what waits, looks for answers, and waits for both if the platform answers soon. Never throws. */
  async update(signal: AbortSignal): Promise<void> {
    this.look(ASKED_EVERY_MS)
    this.#search ??= this.#searchAll().finally(() => {
      this.#search = undefined
    })
    await Promise.race([
      Promise.all([this.#look, this.#search]),
      sleep(LOOK_WAIT_MS, signal, this.#surroundings.clock),
    ])
  }

  /** The workspaces that messages wait for, as of the last look. */
  waitingFor(): readonly string[] {
    return this.#stillWaiting().map(({ workspaceId }) => workspaceId)
  }

  /** How many messages wait, as of the last look. */
  get waiting(): number {
    return this.#stillWaiting().reduce((sum, { total }) => sum + total, 0)
  }

  /**
   * One line on what waits, if there is anything new; otherwise undefined. From memory: the locks and the ledger are
   * checked only when there is something to say, in case another session has taken over.
   */
  notice(): string | undefined {
    if (!this.#waiting.some((one) => this.#isNew(one))) return undefined
    const waiting = this.#stillWaiting()
    if (!waiting.some((one) => this.#isNew(one))) return undefined
    for (const id of waiting.flatMap(({ ids }) => ids)) this.#told.add(id)
    for (const id of this.#told) {
      if (this.#told.size <= MAX_TOLD) break
      this.#told.delete(id)
    }
    const { because, remedy } = this.#options
    return `${describe(waiting)} This one does not: ${because}. To receive them, ${remedy}.`
  }

  stop(): void {
    this.#running.abort()
  }

  #isNew({ ids }: Waiting): boolean {
    return ids.some((id) => !this.#told.has(id))
  }

  /** Excludes what a session has shown since, or what was answered. */
  #stillWaiting(): readonly Waiting[] {
    if (this.#waiting.length === 0) return []
    const unheld = this.#waiting.filter(({ workspaceId }) => !this.#options.isServed(workspaceId))
    try {
      return unheld.flatMap(({ workspaceId }) => this.#waitingIn(workspaceId))
    } catch {
      // The ledger cannot be read right now: the earlier result is the best available.
      return unheld
    }
  }

  #waitingIn(workspaceId: string): readonly Waiting[] {
    const { inbox, evidence } = this.#ledger
    const list = (states: readonly MessageState[]) =>
      inbox.list({ workspaceIds: [workspaceId], states, limit: MAX_STORED })
    const { rows, total } = list(UNSHOWN)
    const ids = rows.map(({ activityId }) => activityId)
    if (this.#options.unheard) {
      const sent = evidence.unconfirmed([workspaceId], -1, Number.MAX_SAFE_INTEGER)
      if (sent > 0) {
        const newest = list(['sent']).rows.map(({ activityId }) => activityId)
        return [{ workspaceId, total: total + sent, ids: [...ids, ...newest] }]
      }
    }
    return total === 0 ? [] : [{ workspaceId, total, ids }]
  }

  async #lookAll(): Promise<void> {
    const found = await Promise.all(
      this.#observed.map(async ({ workspace, feed }) => {
        // The session that receives there also shows it.
        if (this.#options.isServed(workspace.id)) return []
        await this.#try(workspace.id, () => feed.look())
        if (this.#running.signal.aborted) return []
        try {
          return this.#waitingIn(workspace.id)
        } catch {
          // The ledger cannot be read right now: the earlier result is the best available.
          return this.#waiting.filter(({ workspaceId }) => workspaceId === workspace.id)
        }
      }),
    )
    this.#waiting = found.flat()
  }

  /** Where no session receives, nobody else asks for the answers to requests that no call waits for. */
  async #searchAll(): Promise<void> {
    const unserved = this.#observed.filter(({ workspace }) => !this.#options.isServed(workspace.id))
    await Promise.all(
      unserved.flatMap(({ workspace: { id, ledger }, answers, inquiries }) => [
        this.#try(id, async () => answers.ask(ledger.requests.unattended(this.#surroundings.clock.now()))),
        this.#try(id, () => inquiries.look()),
      ]),
    )
  }

  async #try(workspaceId: string, look: () => Promise<unknown>): Promise<void> {
    try {
      await look()
    } catch (error) {
      if (this.#running.signal.aborted || error instanceof Enough) return
      const problem = `cannot look at what waits for workspace ${workspaceId}: ${describeError(error)}`
      this.#surroundings.log.debug(problem)
    }
  }
}

function describe(waiting: readonly Waiting[]): string {
  const counts = waiting
    .slice(0, MAX_NAMED)
    .map(({ workspaceId, total }) => `${total} for workspace ${workspaceId}`)
  const more = waiting.length > MAX_NAMED ? [`and more for ${waiting.length - MAX_NAMED} others`] : []
  return `Messages of the Molecule platform wait, and no session receives them: ${[...counts, ...more].join(', ')}. The inbox tool shows them.`
}
