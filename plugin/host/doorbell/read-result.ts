/**
 * Messages as the result of the tool that reads them: for each, a line with the attributes that a channel event has, and
 * below it the text, indented, so that no line of it passes for one of ours. Pure.
 */
import { counted } from '../../../base/plural.ts'
import type { ChannelEvent } from '../event/notification.ts'
import { indented } from '../text/clean-text.ts'

/** Characters of one message's text in a result. */
export const MAX_TEXT_CHARS = 24_000
/** Characters of a result: the host replaces a longer one with a preview. */
export const PAGE_CHARS = 38_000
/** Of which the attributes of one message may take so many. */
const MAX_HEADING_CHARS = 12_000
/** More than the places of messages take, and what stands between them. */
const SEAM_CHARS = 20
const REST = ' more="inbox with this activity_id shows the rest"'
const CUT = '\n  [cut here: inbox with this activity_id has all of it]'

/** @param left how many messages wait for the next call. */
export function readResult(events: readonly ChannelEvent[], left: number): string {
  const blocks = events.map((event, index) => block(event, index + 1, events.length))
  const more =
    left === 0
      ? []
      : [`${counted(left, 'more message')} ${left === 1 ? 'waits' : 'wait'}: call read_messages again.`]
  return [...blocks, ...more].join('\n\n')
}

/** The most room that an event takes in a result; alone, it always fits. */
export function eventChars(event: ChannelEvent): number {
  return block(event, 1, 1).length + SEAM_CHARS
}

/** Many line breaks, or files, can make a message longer than its text: what is too much is named, and left out. */
function block(event: ChannelEvent, place: number, of: number): string {
  const whole = `${heading(event, place, of)}\n\n  ${indented(event.content)}`
  const room = PAGE_CHARS - 2 * SEAM_CHARS
  return whole.length <= room ? whole : `${whole.slice(0, room - CUT.length).toWellFormed()}${CUT}`
}

function heading({ meta }: ChannelEvent, place: number, of: number): string {
  let line = `Message ${place} of ${of}:`
  for (const [name, value] of Object.entries(meta)) {
    const attribute = ` ${name}="${value.replaceAll('"', '&quot;')}"`
    if (line.length + attribute.length > MAX_HEADING_CHARS) return line + REST
    line += attribute
  }
  return line
}
