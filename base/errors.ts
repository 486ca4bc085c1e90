/** Describes a caught value. Anything can be thrown, so nothing here assumes an `Error`. */
import { plainWords } from './plain-text.ts'

const MAX_CHARS = 300

/** One clean line for a log or a tool result, whatever was thrown. */
export function describeError(thrown: unknown): string {
  return plainWords(thrown instanceof Error ? thrown.message : textOf(thrown), MAX_CHARS)
}

/** The stack of an unforeseen error, or else its message. Accepts any thrown value. */
export function stackOf(thrown: unknown): string {
  return (thrown instanceof Error && thrown.stack) || textOf(thrown)
}

/** The code of a system, SQLite or network error, such as `ENOENT` or `SQLITE_BUSY`. */
export function codeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : undefined
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    // An object without a prototype, or with a `toString` that throws, has no text.
    return 'an error without a text'
  }
}
