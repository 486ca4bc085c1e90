/** Whether a text asks its reader something. */

/** The question marks of the scripts that have their own. The Greek one looks like a semicolon, and mostly is one. */
const QUESTION = /[?？؟⸮፧՞꘏]$|\p{Script=Greek}[;\u{37E}]$/u
/** What may follow the last sentence: spaces, quotes, brackets, emphasis, emoji. */
const TRAILING = /(?:[\s"'`’”»)\]}*_~]|\p{Extended_Pictographic}|\u{FE0F}|\u{200D})+$/u
/** Bounds the work of the pattern, which grows with the square of the text. */
const MAX_TRAILING_CHARS = 200

/**
 * Whether the text ends in a question. A peer that asks about a task seldom marks its question in any other way. Pure.
 */
export function endsInQuestion(text: string): boolean {
  return QUESTION.test(text.slice(-MAX_TRAILING_CHARS).replace(TRAILING, ''))
}
