/**
 * Text from outside made fit for one line of a log, a tool result or a name: no control characters, no reordering,
 * bounded length.
 */

// C0, C1 and DEL, and the two Unicode line breaks: each would start a new line or control a terminal.
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu

// Marks, embeddings, overrides and isolates that make text display differently from how it is stored.
const BIDIRECTIONAL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * Turns a text into one clean line: control characters and runs of white space become one space, bidirectional controls
 * are removed, lone surrogates are replaced, and the rest is cut off.
 *
 * @param text Any text, from any source.
 * @param maxLength The most UTF-16 code units kept; a character is never split.
 */
export function plainText(text: string, maxLength: number): string {
  // Text far beyond the cut is dropped first, so that the cost depends on `maxLength` and not on the sender.
  const near = text.length > maxLength * 4 + 64 ? text.slice(0, maxLength * 4 + 64) : text
  const line = near
    .replace(BIDIRECTIONAL, '')
    .replace(CONTROL, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .toWellFormed()
  return cut(line, maxLength).trimEnd()
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const last = text.charCodeAt(maxLength - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? maxLength - 1 : maxLength)
}
