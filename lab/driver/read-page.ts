/** What a call of `read_messages` gives: for each message a line with its attributes, and its text, indented. */
import type { EventParams } from './channel-event.ts'

/** No line of a message begins so. */
const HEADING = /^Message \d+ of \d+: /m
const ATTRIBUTE = /([a-z0-9_]+)="([^"]*)"/g
/** A line of ours below the last message. */
const OURS = /\n\n(?! {2})[\s\S]*$/
const MORE = 'call read_messages again'

/** The messages in a result, as channel events. */
export function readPage(text: string): readonly EventParams[] {
  return text
    .split(HEADING)
    .slice(1)
    .map((block) => {
      const end = block.indexOf('\n')
      const attributes = [...block.slice(0, end).matchAll(ATTRIBUTE)]
      const content = block.slice(end + 2).replace(OURS, '')
      return {
        content: content.trimEnd().slice(2).replaceAll('\n  ', '\n'),
        meta: Object.fromEntries(attributes.map(([, name = '', value = '']) => [name, value])),
      }
    })
}

/** Whether more messages wait for the next call. */
export function saysMore(text: string): boolean {
  return text.includes(MORE)
}
