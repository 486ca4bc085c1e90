/** Whether a text asks its reader something. */

/** The question marks of the scripts that have their own. The Greek one looks like a semicolon, and mostly is one. */
const MARK = '(?:[?？؟⸮፧՞꘏‽⁇⁈⁉❓❔]|\\p{Script=Greek}[;\\u{37E}])'
/** What may follow the last sentence: spaces, exclamation marks, closing quotes and brackets, emphasis, emoji. */
const AFTER =
  '(?:[\\s!！"\'`*_~\\p{Pe}\\p{Pf}]|\\p{Extended_Pictographic}|\\p{Emoji_Modifier}|\\p{RI}|[\\u{FE0F}\\u{200D}\\u{20E3}])'
const QUESTION = new RegExp(`${MARK}${AFTER}*$`, 'u')
/** A name after a dash in the last line, or a few lines after a line of two hyphens, as in a mail. */
const SIGNATURE = /\n(?:[—–―]|--)[ \t]?[^\n]{0,60}\s*$|\n--[ \t]*(?:\n[^\n]{0,60}){1,4}$/u
/** Bounds the work of the patterns, which grows with the square of the text. */
const MAX_END_CHARS = 200

/**
 * Whether the text ends in a question. A peer that asks about a task seldom marks its question in any other way. Pure.
 */
export function endsInQuestion(text: string): boolean {
  return QUESTION.test(text.trimEnd().slice(-MAX_END_CHARS).replace(SIGNATURE, ''))
}
