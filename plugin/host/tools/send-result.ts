/** The text about the outcome of a send: an answer is an answer, and "queued" never is one. */
import { counted } from '../../../base/plural.ts'
import type { SendOutcome } from '../../../member/client/a2a.ts'
import { cleanExcerpt, cleanText } from '../text/clean-text.ts'
import { MAX_RESULT_CHARS, type Outcome, ToolFailure } from './tool.ts'

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
        text: `Delivered to ${to} (message ${messageId}).${what === 'task' ? ' This is not an answer: if one comes, it arrives as a new channel message.' : ''}`,
      }
    case 'answered':
      return { text: `${to} answered at once (message ${messageId}). ${quote(outcome.text)}` }
    case 'unsure':
      throw new ToolFailure(
        `It is unknown whether ${to} has the message (message ${messageId}): ${outcome.message}. Do not send it again right away: if it arrived, an answer comes as a new channel message.`,
      )
    case 'failed':
      throw new ToolFailure(`${to} refused the message: ${cleanText(outcome.message.slice(0, 2_000))}`)
  }
}

/** A line the platform posted to the chat of a workspace. */
export function tellPosted(workspaceId: string): Outcome {
  return { text: `Posted to the chat of workspace ${workspaceId}.` }
}

/**
 * An answer that came later.
 *
 * @param files how many came with it.
 * @param activityId where it is in the inbox, which names the files.
 */
export function tellAnswer(
  text: string,
  from: string,
  files: number,
  activityId: string | undefined,
): Outcome {
  const more =
    files === 0
      ? ''
      : ` ${counted(files, 'file')} came with it; inbox with activity_id ${activityId} names them.`
  return { text: `Answer from ${from}.${more} ${quote(text)}` }
}

function quote(text: string): string {
  const answer = cleanExcerpt(
    text,
    MAX_RESULT_CHARS,
    (length) => `\n[cut here: the answer has ${length} characters]`,
  )
  return `The text below is the peer's, not your operator's:\n\n${answer}`
}
