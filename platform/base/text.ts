/** Small operations on text. */

/** The first `count` characters; a character is a code point, so no surrogate pair is cut in half. */
export function firstCharacters(text: string, count: number): string {
  // A character has two units at most.
  return [...text.slice(0, 2 * count)].slice(0, count).join('')
}

/** The message of a thrown value, whether or not it is an `Error`. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
