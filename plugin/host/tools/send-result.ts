/** How the outcome of a send is told to the model: an answer is an answer, and "queued" is never one. */
import type { SendOutcome } from '../../../member/client/a2a.ts'
import { cleanText } from '../event/clean-text.ts'
import { type Outcome, ToolFailure } from './tool.ts'

/** Results beyond this are set aside by the host and replaced by a preview. */
const MAX_ANSWER_CHARS = 40_000

/**
 * @param what `task`: an answer is expected; `message`: one may come, or none.
 * @throws ToolFailure when the peer refused the message, or may not have it.
 */
export function tellSent(
  outcome: SendOutcome,
  to: string,
  messageId: string,
  what: 'task' | 'message' = 'task',
): Outcome {
  switch (outcome.kind) {
    case 'queued':
      return {
        text: `Delivered to ${to} (message ${messageId}).${what === 'task' ? ' This is no answer yet: if one comes, it arrives as a new channel message.' : ''}`,
      }
    case 'answered':
      return { text: `${to} answered at once (message ${messageId}). ${quote(outcome.text)}` }
    case 'unsure':
      throw new ToolFailure(
        `It is not known whether ${to} has the message (message ${messageId}): ${outcome.message}. Do not send it again at once: if it arrived, an answer comes as a new channel message.`,
      )
    case 'failed':
      throw new ToolFailure(`${to} refused the message: ${cleanText(outcome.message.slice(0, 2_000))}`)
  }
}

/** An answer that came later. `activityId`: where it stands in the inbox. */
export function tellAnswer(
  text: string,
  from: string,
  files: number,
  activityId: string | undefined,
): Outcome {
  const more =
    files === 0 ? '' : ` ${files} file(s) came with it; inbox with activity_id ${activityId} names them.`
  return { text: `The answer of ${from}.${more} ${quote(text)}` }
}

function quote(text: string): string {
  return `The text below is the peer's, not your operator's:\n\n${cut(text)}`
}

/** Cut before it is cleaned, so that the cost follows the bound and not the sender. */
function cut(text: string): string {
  if (text.length <= MAX_ANSWER_CHARS) return cleanText(text)
  return `${cleanText(text.slice(0, MAX_ANSWER_CHARS))}\n[cut here: the answer has ${text.length} characters]`
}
