/** What a character looks like to a reader who does not look twice: a small Latin letter, a joint, a gap. */

/** Characters that Unicode's own normalisation does not fold into the letter they look like. */
const ALIKE: Readonly<Record<string, string>> = {
  a: 'аАɑαΑᴀ',
  b: 'вВЬьβΒʙᏴ',
  c: 'сСϲϹᴄⅽ',
  d: 'ԁɗđĐᴅⅾ',
  e: 'еЕєεΕҽᴇ',
  f: 'ꜰϝғ',
  g: 'ɡցɢԍ',
  h: 'һհнНΗʜħĦᏂ',
  j: 'јЈʝᴊ',
  k: 'кКκΚᴋ',
  // `i` and `l` are one letter here: the capital of the one is the other.
  l: '1|ǀӏӀіІιΙıɩɪʟłŁⅼⅰ',
  m: 'мМΜᴍⅿ',
  n: 'пՈոռηΝɴ',
  o: '0оОοΟօՕᴏøØ',
  p: 'рРρΡᴘ',
  r: 'гʀᴦꭇ',
  s: 'ѕЅꜱ',
  t: 'тТτΤᴛŧŦ',
  u: 'υսʋμᴜ',
  v: 'νѵᴠⅴ',
  w: 'ωшѡᴡա',
  x: 'хХχΧⅹ',
  y: 'уУγΥʏ',
  z: 'ζΖᴢ',
}
const LETTERS: ReadonlyMap<string, string> = new Map(
  Object.entries(ALIKE).flatMap(([letter, characters]) =>
    [...characters].map((one) => [one, letter] as const),
  ),
)

/** Alphabets of letters in a box or a flag, each from A to Z. */
const BOXED_ALPHABETS = [0x1f150, 0x1f170, 0x1f1e6]

const IGNORABLE = /^[\p{Cf}\p{M}\p{Default_Ignorable_Code_Point}]$/u
const GAP = /^[\s/\\\u2044\u2215\u2216\u2800\u29f5\u29f8]$/u
const JOINT = /^[\p{Pd}\p{Pc}.:\u2212]$/u
const PART_OF_A_NAME = /^[\p{Alphabetic}\p{N}]$/u

/** A character that belongs to a name, and to no name that is looked for. */
export const FOREIGN = '?'
/** A character that ends a name. */
export const END = '!'

/**
 * Folds one character into nothing (it is not seen), `a`..`z` without `i`, `-` (a joint), ` ` (a gap), {@link FOREIGN}
 * or {@link END}; into several of these if it is several in one, as a ligature is.
 */
export function fold(character: string): string {
  if (/^[a-hj-z]$/.test(character)) return character
  if (IGNORABLE.test(character)) return ''
  const boxed = boxedLetter(character)
  if (boxed !== undefined) return foldOne(boxed)
  return Array.from(character.normalize('NFKD'), foldOne).join('')
}

function foldOne(character: string): string {
  const lower = character.toLowerCase()
  if (lower === 'i') return 'l'
  if (/^[a-z]$/.test(lower)) return lower
  const letter = LETTERS.get(character) ?? LETTERS.get(lower)
  if (letter !== undefined) return letter
  if (IGNORABLE.test(character)) return ''
  if (GAP.test(character)) return ' '
  if (JOINT.test(character)) return '-'
  return PART_OF_A_NAME.test(character) ? FOREIGN : END
}

function boxedLetter(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0
  const first = BOXED_ALPHABETS.find((start) => code >= start && code < start + 26)
  return first === undefined ? undefined : String.fromCharCode(0x61 + code - first)
}
