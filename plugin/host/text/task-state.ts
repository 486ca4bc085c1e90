/** What the state of a peer's task means for whoever gave it. */
import type { TaskState } from '../../../member/client/peer-answer.ts'

const SENTENCES: Readonly<Record<TaskState, string>> = {
  submitted: 'The peer has taken the task and not begun it yet.',
  working: 'The peer has begun the task.',
  'input-required': 'The peer asks back before it goes on with the task, which stays open.',
  'auth-required': 'The peer needs an authorization before it goes on with the task, which stays open.',
  completed: 'The peer has completed the task.',
  failed: 'The peer says that the task failed.',
  rejected: 'The peer rejected the task.',
  canceled: 'The peer canceled the task.',
  unknown: 'The state of the task is unknown.',
}

export function stateSentence(state: TaskState): string {
  return SENTENCES[state]
}
