/** What a character looks like at a glance: a small Latin letter, a joint or a gap. */

/**
 * Characters that Unicode normalisation does not fold into the letter they look like: those of other scripts from the
 * confusables of UTS 39, and letters with a hook, a stroke or a tail. Right-to-left characters are written as escapes, so
 * that editors show each line in its true order.
 */
const ALIKE: Readonly<Record<string, string>> = {
  a: 'аАɑαΑᴀ⍺Ꭺᗅꓮ𖽀𐊠⍶ẚȺᶏⱥ',
  b: 'вВЬьβΒʙᏴƄᏏᖯꞴᗷꓐ𐊂𐊡𐌁ɓƃБƀҍѣᵬᶀꞖꞗ',
  c: 'сСϲϹᴄⅽⲥꮯ𐐽🝌𑣲𑣩ꓚ𐊢𐌂𐔜¢ȼ₡ҫƇƈɕꞒꞓꞔ𝼏𝼝',
  d: 'ԁɗđĐᴅⅾᏧᑯꓒᎠᗞᗪꓓɖƌÐ₫ȡᵭᶁᶑꟇꟈ',
  e: 'еЕєεΕҽᴇ℮ꬲ⋿ⴹᎬꓰ𑢦𑢮𐊆ɇҿЭэᶒᶓⱸꬴ',
  f: 'ꜰϝғꬵꞙẝք𝈓ᖴꓝ𑣂𐊇𐊥𐔥ƒᵮᶂ',
  g: 'ɡցɢԍᶃƍᏀᏳꓖɠǥʛꞠꞡꬶ',
  h: 'һհнНΗʜħĦᏂⲎᎻᕼꓧ𐋏ɦꚕᏲⱧҢћӉӇⱨꞕ',
  j: 'јЈʝᴊϳᎫᒍꓙɉɟʄ',
  k: 'кКκΚᴋⲔᏦᛕꓗ𐔘ƙⱩҚ₭ꝀҞᶄⱪꝁꝂꝃꝄꝅꞢꞣ',
  // `i` and `l` are one letter here, since a capital I looks like an l.
  l: '1|ǀӏӀіІιΙıɩɪʟłŁⅼⅰ⍳ꙇꭵ𑣃⍸ɨᵻᵼ\u{5c0}∣⏽│\u{661}\u{6f1}𐌠\u{1e8c7}Ⲓ\u{5d5}\u{5df}\u{627}\u{7ca}ⵏᛁꓲ𖼨𐊊𐌉𝈪ⳐᏞᒪꓡ𖼖𑢲𐐛𐔦ɭƚɫ\u{673}ĿŀȴɬИиᴌᶅᶖⱠⱡꝈꝉꞎꬷꬸꬹ𝼄𝼑𝼓𝼚',
  m: 'мМΜᴍⅿϺⲘᎷᗰᛖꓟ𐊰𐌑Ӎ𑣣𑜀₥ɱᵯᶆꬺ',
  n: 'пՈոռηΝɴⲚꓠ𐔓𐆎ɳƞƝᵰȵɲᶇꞐꞑꞤꞥꬻ',
  o: '0оОοΟօՕᴏøØ०੦૦௦౦೦൦๐໐၀\u{665}\u{6f5}ᴑꬽσⲟჿ\u{5e1}\u{647}\u{6be}\u{6c1}\u{6d5}ഠဝ𐓪𑣈𑣗𐐬\u{7c0}০୦〇𑓐𑣠ⵔዐଠꓳ𑢵𐊒𐊫𐔖\u{6ff}ꬾⵁɵꝋөѳꮎꮻ⊖⊝⍬𝈚🜔θⴱꭴတᴓᶗⱺꝌꝍꬿ𝼛',
  p: 'рРρΡᴘ⍴ⲣᏢᑭꓑ𐊕ƥᵽᵱᶈꝐꝑꝒꝓꝔꝕ',
  q: 'ԛգզⵕʠɊɋꝖꝗꝘꝙ',
  r: 'гʀᴦꭇꭈⲅꮁ𝈖ᎡᏒ𐒴ᖇꓣ𖼵ɽɼɍᵲɾᵳᶉꞦꞧꭆꭉꭌ𝼖',
  s: 'ѕЅꜱƽꮪ𑣁𐑈ՏᏕꓢ𖼺𐊖ʂᵴȿᶊẜꞨꞩꟉꟊ𝼞',
  t: 'тТτΤᴛŧŦ⊤⟙🝨ⲦᎢꓔ𖼊𑢼𐊗𐊱𐌕ƭ⍡ȾƮҬ₮ᵵƫȶʈⱦ𝼉',
  u: 'υսʋμᴜꞟꭎꭒ𐓶𑣘∪⋃ሀᑌꓴ𖽂ᵾꮜɄᶙꞸꞹ',
  v: 'νѵᴠⅴ∨⋁\u{5d8}𑜆ꮩ𑣀𝈍\u{667}\u{6f7}ⴸᐯꛟꓦ𖼈𐔝𐆗🜈ⱱⱴꝞꝟ',
  w: 'ωшѡᴡաɯԝ𑜊𑜎𑜏ꮃ𑣯𑣦Ꮤꓪѽ𑓅₩ꝡⱲⱳ',
  x: 'хХχΧⅹ᙮×⤫⤬⨯ᕁᕽ᙭╳𐌢𑣬ꞳⲬⵝᚷꓫ𐊐𐊴𐌗𐔧⨰Ҳ𐆖ᶍꭖꭗꭘꭙ',
  y: 'уУγΥʏɣᶌỿꭚүყ𑣜ⲨᎩᎽꓬ𖽃𑢤𐊲ƴɏұ¥',
  z: 'ζΖᴢꮓ𑣄𐋵𑣥ꓜ𑢩ʐƶȥᵶɀʑᶎⱫⱬ',
}
const LETTERS: ReadonlyMap<string, string> = new Map(
  Object.entries(ALIKE).flatMap(([letter, characters]) =>
    [...characters].map((one) => [one, letter] as const),
  ),
)

/** Where each alphabet of letters in a box, a flag or parentheses starts; each runs from A to Z. */
const BOXED_ALPHABETS = [0x249c, 0x1f110, 0x1f150, 0x1f170, 0x1f1e6]

const IGNORABLE = /^[\p{Cf}\p{M}\p{Default_Ignorable_Code_Point}]$/u
const GAP =
  /^[\s/\\\u1735\u2041\u2044\u2215\u2216\u2571\u2572\u27cb\u27cd\u2800\u29f5\u29f8\u29f9\u2cc6\u3033\u30ce\u31d3\u31d4\u4e36\u4e3f\u{1d20f}\u{1d23a}\u{1d23b}]$/u
const JOINT =
  /^[\p{Pd}\p{Pc}.:\u00b7\u02d7\u06d4\u07fa\u2022\u2027\u2043\u2212\u2219\u22c5\u2796\u2cba\u30fb]$/u
/** See {@link isPartOfName}. Anything else that looks like a letter may as well be a sign after a name. */
const PART_OF_A_NAME = /^[\p{Alphabetic}\p{N}]$/u

/** A character that is part of a name, but of no reserved one. */
const FOREIGN = '?'
/** A character that ends a name. */
export const END = '!'

/**
 * Folds one character into nothing (it is invisible), `a`..`z` without `i`, `-` (a joint), ` ` (a gap), {@link FOREIGN}
 * or {@link END}; a ligature into several of these.
 */
export function fold(character: string): string {
  return ASCII[character.length === 1 ? character.charCodeAt(0) : Number.NaN] ?? foldAny(character)
}

function foldAny(character: string): string {
  if (IGNORABLE.test(character)) return ''
  const boxed = boxedLetter(character)
  if (boxed !== undefined) return foldOne(boxed)
  // Before normalisation, which turns some into another letter.
  const alike = LETTERS.get(character)
  if (alike !== undefined) return alike
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

/** Most of a text is made of these. */
const ASCII: readonly string[] = Array.from({ length: 128 }, (_, code) => foldAny(String.fromCharCode(code)))

const ASCII_NAMES: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  PART_OF_A_NAME.test(String.fromCharCode(code)),
)

/** Whether a character is a letter or digit of any script. */
export function isPartOfName(character: string): boolean {
  return (
    ASCII_NAMES[character.length === 1 ? character.charCodeAt(0) : Number.NaN] ??
    PART_OF_A_NAME.test(character)
  )
}

function boxedLetter(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0
  const first = BOXED_ALPHABETS.find((start) => code >= start && code < start + 26)
  return first === undefined ? undefined : String.fromCharCode(0x61 + code - first)
}
