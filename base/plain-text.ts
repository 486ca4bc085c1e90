/**
 * Text from outside made fit for one line of a log, a tool result or a name: no control characters, no reordering,
 * bounded length.
 */

// C0, C1 and DEL, and the two Unicode line breaks: each would start a new line or control a terminal.
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu

// Marks, embeddings, overrides and isolates that make text display differently from how it is stored.
const BIDIRECTIONAL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Far more than file systems allow. */
const MAX_FILE_NAME = 2_000
/** As file managers show it: a full stop, and up to ten letters or digits of any script. */
const ENDING = /(?<=.)\.[\p{L}\p{M}\p{N}]{1,10}$/u

/**
 * Turns a text into one clean line: control characters and runs of white space become one space, bidirectional controls
 * are removed, lone surrogates are replaced, and the rest is cut off.
 *
 * @param text Any text, from any source.
 * @param maxLength The most UTF-16 code units kept; a character is never split.
 */
export function plainText(text: string, maxLength: number): string {
  // Text far beyond the cut is dropped first, so that the cost depends on `maxLength` and not on the sender.
  const near = text.slice(0, nearLength(maxLength))
  const line = near
    .replace(BIDIRECTIONAL, '')
    .replace(CONTROL, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .toWellFormed()
  return cut(line, maxLength).trimEnd()
}

/**
 * As {@link plainText}, but leaves out a word that the cut goes through: it may be a secret, half of which is not recognised
 * where secrets are taken out.
 */
export function plainWords(text: string, maxLength: number): string {
  const line = plainText(text, maxLength)
  // A cut may take one more from a character of two.
  const isWhole = line.length < maxLength - 1 && text.length <= nearLength(maxLength)
  return isWhole ? line : line.replace(/\S*$/, '…')
}

/**
 * Turns the name of a file into one clean line, as {@link plainText} does, and cuts a long one before its ending, which
 * says what the file is.
 */
export function plainFileName(name: string, maxLength: number): string {
  // Two spellings of one name, such as macOS and others write it, become one.
  const line = plainText(name.slice(-MAX_FILE_NAME), MAX_FILE_NAME).normalize('NFC')
  if (line.length <= maxLength) return line
  const ending = ENDING.exec(line)?.[0] ?? ''
  return `${cut(line, maxLength - ending.length - 1).trimEnd()}…${ending}`
}

function nearLength(maxLength: number): number {
  return maxLength * 4 + 64
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const last = text.charCodeAt(maxLength - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? maxLength - 1 : maxLength)
}
