/**
 * Messages as the result of the tool that reads them: for each, a line with the attributes that a channel event has, and
 * below it the text, indented, so that no line of it passes for one of ours. Pure.
 */
import { counted } from '../../../base/plural.ts'
import type { ChannelEvent } from '../event/notification.ts'
import { indented } from '../text/clean-text.ts'

/** Characters of one message's text in a result. */
export const MAX_TEXT_CHARS = 24_000

/** @param left how many messages wait for the next call. */
export function readResult(events: readonly ChannelEvent[], left: number): string {
  const blocks = events.map(
    (event, index) => `${heading(event, index + 1, events.length)}\n\n  ${indented(event.content)}`,
  )
  const more =
    left === 0
      ? []
      : [`${counted(left, 'more message')} ${left === 1 ? 'waits' : 'wait'}: call read_messages again.`]
  return [...blocks, ...more].join('\n\n')
}

/** About how much room an event takes in a result. */
export function eventChars(event: ChannelEvent): number {
  return heading(event, 1, 1).length + indented(event.content).length + 20
}

function heading({ meta }: ChannelEvent, place: number, of: number): string {
  const attributes = Object.entries(meta).map(
    ([name, value]) => `${name}="${value.replaceAll('"', '&quot;')}"`,
  )
  return `Message ${place} of ${of}: ${attributes.join(' ')}`
}
