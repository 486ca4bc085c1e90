/** Small operations on text. */

/** The first `count` characters; a character is a code point, so no surrogate pair is cut in half. */
export function firstCharacters(text: string, count: number): string {
  return [...text].slice(0, count).join('')
}

/** What a thrown value says, whatever was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
