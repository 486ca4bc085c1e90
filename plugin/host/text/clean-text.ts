/**
 * Makes a message's text safe to show to a model and otherwise leaves it alone: code keeps its `<T>`.
 *
 * Removes control characters, escape sequences, bidirectional overrides and invisible tag characters. Breaks tags that
 * the host or the model could take for its own with a backslash after the `<`, as the host itself does.
 */
import { plainFileName, plainText } from '../../../base/plain-text.ts'
import { breakReservedTags } from './reserved-tags.ts'

/** CSI; terminated strings (OSC, DCS, PM, APC, SOS); two-character sequences. */
const ESCAPE_SEQUENCE =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[PX^_][^\u001b]*\u001b\\|[ -/]*[0-~])?|\u009b[0-?]*[ -/]*[@-~]/g
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g
const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/g
/** Models read text in tag characters, and people do not see it. Only the three flags made of them stay. */
const FLAG =
  '\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}'
const INVISIBLE_TAGS = new RegExp(`(${FLAG})|[\\u{e0000}-\\u{e007f}]`, 'gu')

const MAX_NAME_CHARS = 80

/** ASCII without `<` and without control characters other than newline and tab: cleaning would change nothing. */
const PLAIN = /^[\t\n\u0020-\u003b\u003d-\u007e]*$/

/** Cleans a text from outside for the content of a channel event. The cost is linear in its length. */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text
  const visible = text
    // First, so that no later removal joins two lone surrogates into a character.
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(ESCAPE_SEQUENCE, '')
    .replace(CONTROL, '')
    .replace(DIRECTION, '')
    .replace(INVISIBLE_TAGS, '$1')
  return breakReservedTags(visible)
}

/**
 * The beginning of a text, cleaned. Cut first, so that the cost follows the bound and not the sender.
 *
 * @param maxChars characters kept; cleaning adds little to them.
 * @param note what to append when something is missing, given the length of the whole text.
 */
export function cleanExcerpt(text: string, maxChars: number, note: (length: number) => string): string {
  if (text.length <= maxChars) return cleanText(text)
  return cleanText(text.slice(0, maxChars)) + note(text.length)
}

/** A text as one line of at most `maxChars` characters that can neither close a tag nor look like one. */
export function cleanLine(text: string, maxChars: number): string {
  return plainText(cleanText(text), maxChars)
}

/**
 * What others wrote, for the middle or the end of a text of ours: no line of it begins where our lines do, so none passes
 * for one.
 */
export function indented(text: string): string {
  return text.replaceAll('\n', '\n  ')
}

/** A name from the platform, as a short {@link cleanLine}. */
export function cleanName(text: string): string {
  return cleanLine(text, MAX_NAME_CHARS)
}

/** The name of a file, as a {@link cleanName} that keeps its ending. */
export function cleanFileName(name: string): string {
  return plainFileName(cleanText(name), MAX_NAME_CHARS)
}
