/**
 * What the beginning of a row tells that is too large to be read: enough to step over it. Only the row's own plain
 * fields count; what stands deeper is a sender's, who could claim to be another row.
 */

/** One sign of JSON: a text, a bracket, a comma or colon, or a number, `true`, `false`, `null`. */
const SIGN = /\s*(?:("[^"\\]*(?:\\.[^"\\]*)*")|([[\]{}:,])|([^\s"[\]{}:,]+)(?=[\s\]},]))/y
/** A row is an object within a list. */
const ROW_DEPTH = 2

/**
 * @param beginning of a list of rows, cut anywhere.
 * @returns the plain fields of its first row, as far as they are whole.
 */
export function readRowBeginning(beginning: string): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {}
  SIGN.lastIndex = 0
  let depth = 0
  let key: string | undefined
  let isValue = false
  for (;;) {
    const [, text, mark, word] = SIGN.exec(beginning) ?? []
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
    // Not JSON, or said twice: the first one stands.
  }
}
