/** What the state of a peer's task means for whoever gave it. */
import type { TaskState } from '../../../member/client/peer-answer.ts'

const SENTENCES: Readonly<Record<TaskState, string>> = {
  submitted: 'The peer has accepted the task but not started it.',
  working: 'The peer is working on the task.',
  'input-required': 'The peer needs an answer before it can continue. The task stays open.',
  'auth-required': 'The peer needs authorization before it can continue. The task stays open.',
  completed: 'The peer has completed the task.',
  failed: 'The peer reports that the task failed.',
  rejected: 'The peer rejected the task.',
  canceled: 'The peer canceled the task.',
  unknown: 'The state of the task is unknown.',
}

export function stateSentence(state: TaskState): string {
  return SENTENCES[state]
}
