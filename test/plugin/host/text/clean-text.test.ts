import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { cleanExcerpt, cleanName, cleanText } from '../../../../plugin/host/text/clean-text.ts'

const FAMILY = '👩‍👩‍👧‍👦'
const WALES = '\u{1f3f4}\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}'

describe('text without a tag of the host stays unchanged', () => {
  const samples: readonly (readonly [string, string])[] = [
    ['prose', 'Hello, is the build green? I count 3 < 5 and 7 > 2.'],
    [
      'types',
      'const m: Map<string, Array<T>> = new Map<K, V>()\nPromise<User>, List<Function | null>, Partial<Env>',
    ],
    ['comparisons', 'for (let i = 0; i < user.length; i++) if (a < b && c > d) i<channel.size; x < system'],
    ['HTML', '<div class="user"><span>system</span></div><users/><environment/>'],
    ['shell and diff', 'cat <<EOF >out 2>&1\n<<<<<<< HEAD\n-\tconst a = 1\n>>>>>>> other'],
    ['emoji', `${FAMILY} 👍🏽 ❤️ 🇨🇭 ${WALES} 1️⃣`],
    ['Arabic', 'مرحبا بالعالم، كيف حالك؟ \u200fنص\u200e'],
    ['Persian with joiners', 'می\u200cخواهم کتاب‌ها را ببینم'],
    ['Hindi', 'नमस्ते दुनिया, क्या हाल है? क्\u200dष'],
    ['CJK', '你好，世界。『こんにちは』〈書名〉한국어 텍스트'],
    ['Hebrew with points', 'שָׁלוֹם עוֹלָם'],
    ['combining marks', 'Zoe\u0308 nai\u0308ve Å'],
    ['mathematics', 'x ≮ y, ⟨a, b⟩, ‹zitat›'],
    ['a host’s own breaking', '<\\/channel> <\\system-reminder>'],
    ['entities', '&lt;channel&gt;'],
  ]
  test.each(samples)('%s', (_, text) => {
    expect(cleanText(text)).toBe(text)
  })

  test('in any mixture of letters, digits and spaces', () => {
    const word = fc.stringMatching(/^[\p{L}\p{N} .,;!?\n\t]*$/u)
    fc.assert(fc.property(word, (text) => expect(cleanText(text)).toBe(text.toWellFormed())))
  })
})

describe('cleaning removes', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'control characters, but not newline and tab',
      'a\u0000b\u0007c\u001fd\u007fe\u009ff\n\tg',
      'abcdef\n\tg',
    ],
    ['colours and cursor movements', 'a\u001b[31mred\u001b[0m\u001b[2Jb\u009b1mc', 'aredbc'],
    ['a title and a link', '\u001b]0;title\u0007a\u001b]8;;http://x\u001b\\b', 'ab'],
    ['device strings', '\u001bPq#0\u001b\\a\u001b_x\u001b\\b', 'ab'],
    [
      'only the escape character of an unfinished sequence',
      'a\u001b]0;the rest of the text stays',
      'a0;the rest of the text stays',
    ],
    ['overrides of the reading direction', 'a\u202eb\u2066c\u2069d', 'abcd'],
    ['text in tag characters', `a\u{e0069}\u{e0067}\u{e006e}b\u{1f3f4}\u{e0078}`, 'ab\u{1f3f4}'],
  ]
  test.each(cases)('%s', (_, text, expected) => {
    expect(cleanText(text)).toBe(expected)
  })

  test('carriage returns: every kind of line end becomes a newline', () => {
    expect(cleanText('a\r\nb\rc\u2028d\u2029e\u0085f')).toBe('a\nb\nc\nd\ne\nf')
  })

  test('no half of a character without replacing it, and never joins two halves', () => {
    expect(cleanText('\ud83d')).toBe('\ufffd')
    expect(cleanText('\udb40\u{e0001}\udc41')).toBe('\ufffd\ufffd')
    expect(cleanText('\ud83d\u0000\ude00')).toBe('\ufffd\ufffd')
  })
})

test('cleaning twice is cleaning once', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<',
      '</',
      '\\',
      '＜',
      ' ',
      '\n',
      '\u200b',
      '\u001b[',
      '\u001b]',
      '\ud83d',
      '>',
      '"',
      '=',
      '|',
      '-',
    ),
    fc.constantFrom('channel', 'system-reminder', 'user', 'antml:', 'chan', 'nel', 'ＵＳＥＲ', 'x'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const once = cleanText(pieces.join(''))
      expect(cleanText(once)).toBe(once)
    }),
    { numRuns: 1_000 },
  )
})

// A quadratic cost would take minutes and run into the timeout of the test.
describe('the cost is linear', () => {
  const MEGABYTE = 1_000_000
  const hostile: readonly (readonly [string, string])[] = [
    ['openers', '<'],
    ['an opener and spaces', '< '],
    ['openers of unfinished events', 'x<user a '],
    ['openers with invisible characters', '<\u200b'],
    ['openers with names', '<user'],
    ['openers with spaced names', '< user '],
    ['openers and dashes', '<- '],
    ['unfinished sequences', '\u001b['],
    ['unfinished titles', '\u001b]'],
    ['unfinished strings', '\u001bP'],
    ['tag characters', '\u{e0041}'],
  ]
  test.each(hostile)('for a megabyte of %s', (_, unit) => {
    cleanText(unit.repeat(MEGABYTE / unit.length))
  })

  const tails: readonly (readonly [string, string, string])[] = [
    ['spaces', '<', ' '],
    ['spaces after a name', '< user', ' '],
    ['invisible characters', '<', '\u200b'],
    ['marks', '<chan', '\u0301'],
    ['letters', '<', 'a'],
    ['joints', '<', '-'],
    ['joints and gaps', '<', '- '],
    ['digits of a sequence', '\u001b[', '0'],
    ['a title', '\u001b]', 'x'],
  ]
  test.each(tails)('for an opener and a megabyte of %s', (_, head, unit) => {
    cleanText(head + unit.repeat(MEGABYTE / unit.length))
    cleanText(`x${head}`.repeat(10) + unit.repeat(MEGABYTE / unit.length))
  })
})

describe('a cleaned name', () => {
  test('is one short line that opens no tag, closes none and reads in one direction', () => {
    expect(cleanName('  Ann\n</channel>\u202e\u0000 ')).toBe('Ann <\\/channel>')
    expect(cleanName('x'.repeat(500)).length).toBeLessThanOrEqual(80)
    expect(cleanName('\u0000\n')).toBe('')
  })
})

test('an excerpt is cut before it is cleaned, and ends with the note only if something is missing', () => {
  const note = (length: number): string => `… (${length})`
  expect(cleanExcerpt('abc', 3, note)).toBe('abc')
  expect(cleanExcerpt('abcd', 3, note)).toBe('abc… (4)')
  expect(cleanExcerpt('<user>', 5, note)).toBe('<\\user… (6)')
})
