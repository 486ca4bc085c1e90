/**
 * What a person in the chat types in answer to a permission request. Pure.
 *
 * A verdict lets a command run, so it is read only from a message that can mean nothing else: one "yes" or "no", at most
 * one id, words of politeness, and punctuation. Whatever else looks like an attempt is no verdict, and is answered with
 * what to type.
 */
import type { AnsweredQuestion } from '../../../member/ledger/permission-requests.ts'

/** The host's ids: five letters, without the `l` that looks like a 1. */
export const REQUEST_ID = '[a-km-z]{5}'

export interface Verdict {
  /** Undefined when it names no request. */
  readonly requestId: string | undefined
  readonly state: AnsweredQuestion['state']
}

export type TypedAnswer =
  | ({ readonly kind: 'verdict' } & Verdict)
  /** Perhaps an attempt at one: whether it is depends on the requests that are open. */
  | {
      readonly kind: 'unclear'
      /** Its letters and digits, for the search for an id. */
      readonly letters: string
      /** Little more than a word of consent or refusal. */
      readonly brief: boolean
    }

/** Longer texts are refused outright, so that none can make a pattern backtrack for long. */
const MAX_VERDICT_CHARS = 64
const MAX_ATTEMPT_CHARS = 200
/** An attempt without the id of a request has no more words than this. */
const MAX_BRIEF_WORDS = 3

const STATES: ReadonlyMap<string, Verdict['state']> = new Map([
  ['yes', 'allowed'],
  ['no', 'denied'],
])
/** Words that change nothing about a verdict. */
const POLITE = new Set(['please', 'thanks', 'thank', 'you'])
/**
 * Said in place of yes or no, in some languages, or as the number of a choice in the terminal's dialog. Too easily meant
 * for the model to count.
 */
const ALMOST = new Set(
  [
    'y n ye yep yeah yea yess yup ok okay sure allow allowed approve approved accept go deny denied reject refuse nope not',
    'never stop cancel 1 2 3 ja nein oui non si sí sì sim não да нет tak nie evet hayır はい いいえ 是 好 否 不 네 예 아니요',
  ]
    .join(' ')
    .split(' '),
)
/**
 * Around and between the words: spaces and punctuation, with the backticks in which the request shows the answer. Not a
 * question mark, an exclamation mark in front, or a symbol, which can turn the meaning around.
 */
const PLAIN = /^(?!\s*[!¡])(?:[\p{L}\s`´]|(?![?¿؟⁇⁈⁉‽])\p{P})*$/u
const WORD = new RegExp(`^${REQUEST_ID}$`)

/** Reads a message; undefined when it cannot be meant as an answer. */
export function readTyped(text: string): TypedAnswer | undefined {
  if (text.length > MAX_ATTEMPT_CHARS) return undefined
  // Full-width letters become plain ones, and characters without a width disappear.
  const plain = text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toLowerCase()
  const words = plain.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  if (words.length === 0) {
    // A thumb up may be meant as an answer; a lone dot is not.
    return /\p{Extended_Pictographic}/u.test(plain)
      ? { kind: 'unclear', letters: '', brief: true }
      : undefined
  }
  const verdict = text.length <= MAX_VERDICT_CHARS && PLAIN.test(plain) ? verdictOf(words) : undefined
  if (verdict !== undefined) return { kind: 'verdict', ...verdict }
  const brief = words.length <= MAX_BRIEF_WORDS && words.some((word) => STATES.has(word) || ALMOST.has(word))
  return { kind: 'unclear', letters: words.join(''), brief }
}

function verdictOf(words: readonly string[]): Verdict | undefined {
  const telling = new Set(words.filter((word) => !POLITE.has(word)))
  const [state, ...otherStates] = [...telling].flatMap((word) => STATES.get(word) ?? [])
  const [name, ...otherNames] = [...telling].filter((word) => !STATES.has(word))
  if (state === undefined || otherStates.length > 0 || otherNames.length > 0) return undefined
  if (name !== undefined && !WORD.test(name)) return undefined
  return { state, requestId: name }
}
