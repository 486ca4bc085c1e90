/** What this session records about a task it delegated, if it has a ledger. */

import type { Clock } from '../../../base/clock.ts'
import { InOrder } from '../../../base/in-order.ts'
import { patiently } from '../../../base/patience.ts'
import type { Delegations, NewDelegation } from '../../../member/ledger/delegations.ts'
import type { StoredMessage } from '../../../member/ledger/ledger.ts'
import { mayWrite } from '../../../member/workspace/sender-gate.ts'
import type { Arrival, ToolContext } from './tool-context.ts'

export type NewTask = NewDelegation

export class TaskNote {
  readonly #delegations: Delegations
  readonly #clock: Clock
  readonly #workspaceId: string
  readonly #id: string
  readonly #onStored: () => void
  /** In the order of the calls. */
  readonly #records: InOrder

  constructor(delegations: Delegations, clock: Clock, { workspaceId, id }: NewTask, onStored: () => void) {
    this.#delegations = delegations
    this.#clock = clock
    this.#records = new InOrder({ clock })
    this.#onStored = onStored
    this.#workspaceId = workspaceId
    this.#id = id
  }

  /** @param until milliseconds since the epoch; 0: no call waits for the answer any longer. */
  await(until: number): void {
    this.#record(() => this.#delegations.await(this.#workspaceId, this.#id, until))
  }

  forget(): void {
    this.#record(() => this.#delegations.remove(this.#workspaceId, this.#id))
  }

  /** An answer that has arrived and was not shown yet. */
  nextAnswer(): StoredMessage | undefined {
    return this.#delegations.nextAnswer(this.#workspaceId, this.#id)
  }

  answered(): boolean {
    return this.#delegations.answer(this.#workspaceId, this.#id) !== undefined
  }

  /**
   * Takes an answer, so that it does not become an event.
   *
   * @returns false when it already has.
   * @throws the ledger's error; the reason of the signal, which ends the waiting for another process.
   */
  take(answer: StoredMessage, signal: AbortSignal): Promise<boolean> {
    return patiently(() => this.#delegations.take(answer), this.#clock, signal)
  }

  /** The result with the answer will not be seen: the answer becomes an event. */
  release(answer: StoredMessage): void {
    this.#record(() => {
      this.#delegations.release(answer)
      this.#onStored()
    })
  }

  /** The result with the answer has left the process. */
  told(answer: StoredMessage): void {
    this.#record(() => this.#delegations.told(answer))
  }

  /** Records what has happened. Never throws. */
  #record(work: () => void): void {
    this.#records.do(work, () => {
      // The disk, or a stopped session. The call must not fail for it: the model would delegate the task again. The task
      // stays open until its answer comes, and an answer may be shown twice, marked.
    })
  }
}

/** Undefined while the state folder cannot be used: the task goes out anyway, and its answer is a plain message. */
export async function noteTask(context: ToolContext, task: NewTask): Promise<TaskNote | undefined> {
  const delegations = context.ledger()?.delegations
  if (delegations === undefined) return undefined
  await patiently(() => delegations.add(task, context.clock.now()), context.clock)
  return new TaskNote(delegations, context.clock, task, context.onStored)
}

/** How the answer will reach the model. A peer that may not write here cannot answer either. */
export function answerComes(context: ToolContext, peerId: string, id: string): string {
  return (
    neverComes(context, peerId) ??
    `The answer ${ARRIVES[context.arrival()]}; check_task_status with task_id ${id} reports its state.`
  )
}

/** Says so of a peer that may not write here; undefined for any other. */
export function neverComes(context: ToolContext, peerId: string): string | undefined {
  return mayWrite({ kind: 'peer_agent', peerId }, context.allowedSenders())
    ? undefined
    : 'But MOLECULE_ALLOWED_SENDERS does not name this peer, so its answer will not be shown here.'
}

/** What becomes of an answer, after "it" or "the answer". */
export const ARRIVES: Readonly<Record<Arrival, string>> = {
  here: 'arrives here as a channel message of kind delegation_result',
  elsewhere: 'arrives in the session that receives as a channel message of kind delegation_result',
  inbox: 'arrives in inbox, where wait_seconds waits for it',
}
