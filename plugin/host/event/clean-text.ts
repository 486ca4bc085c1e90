/**
 * A message's text made safe to show to a model, and otherwise left as it was written: code keeps its `<T>`.
 *
 * What goes: control characters and escape sequences, overrides of the reading direction, invisible tag characters.
 * What is broken: tags that the host or the model could take for its own. A backslash after the `<` is what the host
 * itself uses for that.
 */
import { breakReservedTags } from './reserved-tags.ts'

/** CSI; strings (OSC, DCS, PM, APC, SOS) that come to their end; two-character sequences. */
const ESCAPE_SEQUENCE =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[PX^_][^\u001b]*\u001b\\|[ -/]*[0-~])?|\u009b[0-?]*[ -/]*[@-~]/g
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g
const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/g
/** Text in tag characters is read by models and seen by nobody; only the three flags that are made of them stay. */
const FLAG =
  '\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}'
const INVISIBLE_TAGS = new RegExp(`(${FLAG})|[\\u{e0000}-\\u{e007f}]`, 'gu')

/** ASCII without `<` and without control characters other than newline and tab: nothing in it can need a change. */
const PLAIN = /^[\t\n\u0020-\u003b\u003d-\u007e]*$/

/** Makes a text from outside fit to be the content of a channel event. Cost is linear in its length. */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text
  const visible = text
    // First: what is taken out between two halves of a character would join them into another one.
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(ESCAPE_SEQUENCE, '')
    .replace(CONTROL, '')
    .replace(DIRECTION, '')
    .replace(INVISIBLE_TAGS, '$1')
  return breakReservedTags(visible)
}
