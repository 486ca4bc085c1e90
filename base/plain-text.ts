/** Text from outside made fit for one line of a log, a tool result or a name: no control, no reordering, no flood. */

// C0, C1 and DEL, and the two Unicode line breaks: each would start a line, or steer a terminal.
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu

// Marks, embeddings, overrides and isolates that make text read otherwise than it is stored.
const BIDIRECTIONAL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * Makes one clean line of a text: control characters and runs of white space become one space, bidirectional
 * controls go, a broken surrogate is replaced, and the rest is cut.
 *
 * @param text Any text, from any source.
 * @param maxLength The most UTF-16 units kept; a character is never cut in two.
 */
export function plainText(text: string, maxLength: number): string {
  // What is far beyond the cut is dropped first, so that the cost follows `maxLength` and not the sender.
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
