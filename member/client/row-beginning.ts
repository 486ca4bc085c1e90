/**
 * Reads the beginning of a row that is too large to read: enough to skip it. Only the row's own plain fields count:
 * anything deeper comes from a sender, who could claim to be another row.
 */

/** One JSON token: a string, a punctuator, or a number, `true`, `false` or `null`. */
const TOKEN = /\s*(?:("[^"\\]*(?:\\.[^"\\]*)*")|([[\]{}:,])|([^\s"[\]{}:,]+)(?=[\s\]},]))/y
/** A row is an object within a list. */
const ROW_DEPTH = 2

/**
 * @param beginning of a list of rows, cut anywhere.
 * @returns the plain fields of its first row that are complete.
 */
export function readRowBeginning(beginning: string): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {}
  TOKEN.lastIndex = 0
  let depth = 0
  let key: string | undefined
  let isValue = false
  for (;;) {
    const [, text, mark, word] = TOKEN.exec(beginning) ?? []
    const plain = text ?? word
    if (plain !== undefined) {
      if (depth !== ROW_DEPTH) continue
      if (!isValue) key = plain
      else if (key !== undefined) setField(fields, key, plain)
    } else if (mark === undefined) {
      return fields
    } else if (mark === '{' || mark === '[') {
      depth++
    } else if (mark === '}' || mark === ']') {
      depth--
      if (depth < ROW_DEPTH) return fields
    }
    if (depth === ROW_DEPTH && mark !== undefined) isValue = mark === ':'
  }
}

function setField(fields: Record<string, unknown>, key: string, value: string): void {
  try {
    Object.defineProperty(fields, String(JSON.parse(key)), { value: JSON.parse(value), enumerable: true })
  } catch {
    // Not JSON, or a repeated name: the first value stands.
  }
}
