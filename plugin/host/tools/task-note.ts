/** What this session records about a task it delegated, if it has a ledger. */

import type { Delegation, Delegations } from '../../../member/ledger/delegations.ts'
import type { StoredMessage } from '../../../member/ledger/ledger.ts'
import { mayWrite } from '../../../member/workspace/sender-gate.ts'
import type { Arrival, ToolContext } from './tool-context.ts'

export type NewTask = Pick<Delegation, 'id' | 'workspaceId' | 'peerId' | 'task' | 'watched'>

export class TaskNote {
  readonly #delegations: Delegations
  readonly #workspaceId: string
  readonly #id: string

  constructor(delegations: Delegations, { workspaceId, id }: NewTask) {
    this.#delegations = delegations
    this.#workspaceId = workspaceId
    this.#id = id
  }

  /** @param until milliseconds since the epoch; 0: no call waits for the answer any longer. */
  await(until: number): void {
    this.#delegations.await(this.#workspaceId, this.#id, until)
  }

  close(state: 'completed' | 'failed'): void {
    this.#delegations.close(this.#workspaceId, this.#id, state)
  }

  forget(): void {
    this.#delegations.remove(this.#workspaceId, this.#id)
  }

  /** An answer that has arrived and was not shown yet. */
  nextAnswer(): StoredMessage | undefined {
    return this.#delegations.nextAnswer(this.#workspaceId, this.#id)
  }

  answered(): boolean {
    return this.#delegations.answer(this.#workspaceId, this.#id) !== undefined
  }

  /** Takes an answer, so that it does not become an event; false when it already has. */
  take(answer: StoredMessage): boolean {
    return this.#delegations.take(answer)
  }

  /** The result with the answer has left the process. */
  told(answer: StoredMessage): void {
    this.#delegations.told(answer)
  }
}

/** Undefined while the state folder cannot be used: the task goes out anyway, and its answer is a plain message. */
export function noteTask(context: ToolContext, task: NewTask): TaskNote | undefined {
  const delegations = context.ledger()?.delegations
  if (delegations === undefined) return undefined
  delegations.add(task, context.clock.now())
  return new TaskNote(delegations, task)
}

/** How the answer will reach the model. A peer that may not write here cannot answer either. */
export function answerComes(context: ToolContext, peerId: string, id: string): string {
  if (!mayWrite({ kind: 'peer_agent', peerId }, context.allowedSenders())) {
    return 'But MOLECULE_ALLOWED_SENDERS does not name this peer, so its answer will not be shown here.'
  }
  return `The answer ${ARRIVES[context.arrival()]}; check_task_status with task_id ${id} reports its state.`
}

/** What becomes of an answer, after "it" or "the answer". */
export const ARRIVES: Readonly<Record<Arrival, string>> = {
  here: 'arrives here as a channel message of kind delegation_result',
  elsewhere: 'arrives in the session that receives as a channel message of kind delegation_result',
  inbox: 'arrives in inbox, which waits for it with wait_seconds',
}
