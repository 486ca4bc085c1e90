/** The tasks one workspace gave to its peers, and the outcome of each. */
import type { Dice } from '../../dice.ts'
import type { ModelRow } from '../model-feed.ts'
import type { SimClock } from '../sim-clock.ts'
import type { Deed } from './records.ts'

export interface GivenTask extends Deed {
  readonly id: string
  readonly peerId: string
  readonly text: string
  /** `message`: sent to the peer. `platform`: delegated, for the platform to carry out. */
  readonly by: 'message' | 'platform'
  /** As the platform lists it. `queued`: the peer has it in its inbox. A task sent as a message stays `pending`. */
  readonly status: 'pending' | 'queued' | 'completed' | 'failed'
  /** The answers so far, oldest first. */
  readonly answers: readonly TaskAnswer[]
}

export interface TaskAnswer {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** `reply`: in the response to the message. `row`: in the feed. `list`: in the list of delegations. */
  readonly by: 'reply' | 'row' | 'list'
  /** Id of the feed row; null unless `by` is `row`. */
  readonly rowId: string | null
  readonly text: string
  readonly failed: boolean
}

export interface TaskBookOptions {
  readonly clock: SimClock
  readonly dice: Dice
  readonly workspaceId: string
  /** Adds a row to the workspace's feed. */
  readonly write: (row: Partial<Pick<ModelRow, 'from' | 'text' | 'delegationId' | 'result'>>) => ModelRow
  /** Called when the list shows that a task has ended. */
  readonly onListed: (status: 'completed' | 'failed') => void
}

interface Task extends GivenTask {
  status: GivenTask['status']
  readonly answers: TaskAnswer[]
}

type NewTask = Deed & Pick<Task, 'peerId' | 'text'>

/** Platforms mistake this acknowledgement of a poll-mode peer for the result. */
const QUEUED_PREVIEW = JSON.stringify({ delivery_mode: 'poll', method: 'message/send', status: 'queued' })
const LISTED_ROWS = 50
const SOON_MS = 500
const USUAL_MS = 15_000
const LONG_MS = 60_000
/** The feed row and the list entry for one result appear within this of each other. */
const APART_MS = 3_000

export class TaskBook {
  readonly #options: TaskBookOptions
  readonly #tasks = new Map<string, Task>()
  readonly #byKey = new Map<string, Task>()

  constructor(options: TaskBookOptions) {
    this.#options = options
  }

  get all(): readonly GivenTask[] {
    return [...this.#tasks.values()]
  }

  /** Takes a task that was sent as a message. Returns the peer's reply if it answers in the same call. */
  give(id: string, newTask: NewTask): TaskAnswer | undefined {
    const task = this.#add(id, 'message', newTask)
    const { dice } = this.#options
    const fate = dice.random()
    if (fate < 0.15) return this.#answer(task, { by: 'reply', failed: fate < 0.05 })
    if (fate < 0.9) this.#later(this.#durationMs(), () => this.#peerAnswers(task))
    return undefined
  }

  /** Takes a task for the platform to carry out. A used key finds the earlier task, unless that one failed. */
  delegate(key: string, newTask: NewTask): { readonly task: GivenTask; readonly isNew: boolean } {
    const known = this.#byKey.get(key)
    if (known !== undefined && known.status !== 'failed') return { task: known, isNew: false }
    const task = this.#add(this.#nextId(), 'platform', newTask)
    this.#byKey.set(key, task)
    const { dice } = this.#options
    const fate = dice.random()
    if (fate < 0.05) return { task, isNew: true }
    if (fate < 0.3) this.#handOver(task)
    else this.#carryOut(task, fate < 0.5)
    return { task, isNew: true }
  }

  /** Records a row with which another workspace of this platform answers a task. */
  noteAnswer(id: string, row: ModelRow): void {
    const task = this.#tasks.get(id)
    if (task?.peerId === row.from) this.#answer(task, { by: 'row', failed: false, row })
  }

  /** @param withRows lists activity rows, two for each finished task, as older platforms do. */
  list(withRows: boolean): readonly unknown[] {
    const tasks = [...this.#tasks.values()].filter(({ by }) => by === 'platform').toReversed()
    return tasks.flatMap((task) => (withRows ? this.#rowsOf(task) : [this.#wire(task)])).slice(0, LISTED_ROWS)
  }

  /** The activity rows that hold the full results. */
  results(): readonly unknown[] {
    const { workspaceId } = this.#options
    return [...this.#tasks.values()].toReversed().flatMap(({ id, by, peerId, status, answers }) => {
      if (by !== 'platform' || status === 'pending') return []
      const failed = status === 'failed'
      const text = status === 'queued' ? QUEUED_PREVIEW : (answers[0]?.text ?? '')
      return [
        {
          source_id: workspaceId,
          target_id: peerId,
          method: 'delegate_result',
          status: failed ? 'error' : 'ok',
          error_detail: failed ? text : null,
          request_body: { delegation_id: id },
          response_body: { text: failed ? '' : text, delegation_id: id },
        },
      ]
    })
  }

  #add(id: string, by: Task['by'], { sentAt, at, process, peerId, text }: NewTask): Task {
    const task: Task = { id, by, sentAt, at, process, peerId, text, status: 'pending', answers: [] }
    this.#tasks.set(id, task)
    return task
  }

  /** The list calls the task completed once the peer has it. The peer answers later, or never. */
  #handOver(task: Task): void {
    const { dice } = this.#options
    this.#later(dice.upTo(SOON_MS), () => {
      task.status = 'queued'
    })
    if (dice.chance(0.8)) this.#later(this.#durationMs(), () => this.#peerAnswers(task))
  }

  #carryOut(task: Task, failed: boolean): void {
    const { dice, onListed } = this.#options
    const ms = this.#durationMs()
    this.#later(ms + dice.upTo(APART_MS), () => {
      task.status = failed ? 'failed' : 'completed'
      this.#answer(task, { by: 'list', failed })
      onListed(task.status)
    })
    if (!dice.chance(0.35)) return
    this.#later(ms + dice.upTo(APART_MS), () => {
      const { id, peerId } = task
      const { workspaceId, write } = this.#options
      const result = { peerId, failed }
      const row = write({ from: workspaceId, text: resultText(task, failed), delegationId: id, result })
      this.#answer(task, { by: 'row', failed, row })
    })
  }

  #peerAnswers(task: Task): void {
    const text = resultText(task, false)
    const row = this.#options.write({ from: task.peerId, text, delegationId: task.id })
    this.#answer(task, { by: 'row', failed: false, row })
  }

  #answer(
    task: Task,
    { by, failed, row }: Pick<TaskAnswer, 'by' | 'failed'> & { readonly row?: ModelRow },
  ): TaskAnswer {
    const text = row?.text ?? resultText(task, failed)
    const answer = { at: this.#options.clock.now(), by, rowId: row?.id ?? null, text, failed }
    task.answers.push(answer)
    return answer
  }

  /** Unique across workspaces. */
  #nextId(): string {
    const number = (this.#tasks.size + 1).toString(16).padStart(12, '0')
    return `${this.#options.workspaceId.slice(0, 8)}-da5c-4000-8000-${number}`
  }

  #durationMs(): number {
    const { dice } = this.#options
    return SOON_MS + dice.upTo(dice.chance(0.1) ? LONG_MS : USUAL_MS)
  }

  #later(ms: number, run: () => void): void {
    this.#options.clock.after(ms, run)
  }

  /** As newer platforms list it. */
  #wire(task: Task): unknown {
    const { id, peerId, status } = task
    return {
      delegation_id: id,
      source_id: this.#options.workspaceId,
      target_id: peerId,
      direction: 'sent',
      status: status === 'queued' ? 'completed' : status === 'pending' ? 'in_progress' : status,
      ...previewOf(task),
      _ledger: true,
    }
  }

  /** As activity rows, the newest first. */
  #rowsOf(task: Task): readonly unknown[] {
    const { id, peerId, status } = task
    const ends = {
      type: 'delegation',
      delegation_id: id,
      source_id: this.#options.workspaceId,
      target_id: peerId,
    }
    const given = { ...ends, status: 'dispatched' }
    if (status === 'pending') return [given]
    return [{ ...ends, status: status === 'queued' ? 'completed' : status, ...previewOf(task) }, given]
  }
}

function previewOf({ status, answers }: Task): {
  readonly response_preview?: string
  readonly error?: string
} {
  if (status === 'queued') return { response_preview: QUEUED_PREVIEW }
  const text = answers[0]?.text
  if (text === undefined || status === 'pending') return {}
  return status === 'failed' ? { error: text } : { response_preview: text }
}

function resultText({ id }: Task, failed: boolean): string {
  return failed ? `task ${id} failed` : `the result of task ${id}`
}
