/** The note that is kept of a task, as far as this session has a ledger to keep it in. */
import { z } from 'zod'
import { mayWrite } from '../../../member/feed/sender-gate.ts'
import type { Delegation, Delegations } from '../../../member/ledger/delegations.ts'
import type { StoredMessage } from '../../../member/ledger/ledger.ts'
import type { ToolContext } from './tool.ts'

export const peerOf = z
  .string()
  .min(1, 'must not be empty')
  .describe('The peer that is to do it: its workspace id from list_peers, or its name.')

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

  /** @param until milliseconds since the epoch; 0: nobody waits any more. */
  await(until: number): void {
    this.#delegations.await(this.#workspaceId, this.#id, until)
  }

  close(state: 'completed' | 'failed'): void {
    this.#delegations.close(this.#workspaceId, this.#id, state)
  }

  forget(): void {
    this.#delegations.remove(this.#workspaceId, this.#id)
  }

  /** An answer that has come and is not shown yet. */
  nextAnswer(): StoredMessage | undefined {
    return this.#delegations.nextAnswer(this.#workspaceId, this.#id)
  }

  answered(): boolean {
    return this.#delegations.answer(this.#workspaceId, this.#id) !== undefined
  }

  /** Takes an answer, so that it is no event; false when it has become one. */
  take(answer: StoredMessage): boolean {
    return this.#delegations.take(answer)
  }

  /** The result that tells it has left the process. */
  told(answer: StoredMessage): void {
    this.#delegations.told(answer)
  }
}

/** Undefined when the state folder cannot be used: the task is given all the same, and its answer is a plain message. */
export function noteTask(context: ToolContext, task: NewTask): TaskNote | undefined {
  const delegations = context.ledger()?.delegations
  if (delegations === undefined) return undefined
  delegations.add(task, Date.now())
  return new TaskNote(delegations, task)
}

/** How the model will learn of the answer. Whoever may not write here cannot answer either. */
export function answerComes(context: ToolContext, peerId: string, id: string): string {
  if (!mayWrite({ kind: 'peer_agent', peerId }, context.allowedSenders())) {
    return 'But MOLECULE_ALLOWED_SENDERS does not name this peer, so its answer will not be shown here.'
  }
  const where = context.remark() === undefined ? 'here' : 'in the session that receives'
  return `The answer arrives ${where} as a channel message of kind delegation_result; check_task_status with task_id ${id} tells how it stands.`
}
