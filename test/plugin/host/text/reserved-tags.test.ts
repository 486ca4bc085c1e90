import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { cleanText } from '../../../../plugin/host/text/clean-text.ts'

const NAMES = [
  'channel',
  'system',
  'system-reminder',
  'system-prompt',
  'user-prompt-submit-hook',
  'function_calls',
  'function_results',
  'invoke',
  'parameter',
  'antml:invoke',
  'tool_use',
  'tool_result',
  'thinking',
  'human',
  'assistant',
  'user',
  'command-name',
  'local-command-stdout',
  'bash-stdout',
  'task-notification',
  'teammate-message',
  'env',
]

describe('the tags of the host', () => {
  test('are broken as the host itself breaks them', () => {
    expect(cleanText('</channel>')).toBe('<\\/channel>')
    expect(cleanText('a</channel>b</ channel >c')).toBe('a<\\/channel>b<\\/ channel >c')
  })

  test('are broken once, however they are nested or repeated', () => {
    expect(cleanText('<<channel>')).toBe('<<\\channel>')
    expect(cleanText('<channel><channel>')).toBe('<\\channel><\\channel>')
    expect(cleanText('<\\channel>')).toBe('<\\channel>')
    expect(cleanText('< \\channel>')).toBe('<\\ \\channel>')
  })

  const disguises: readonly string[] = [
    '<CHANNEL>',
    '<ChAnNeL source="plugin:molecule:molecule">',
    '< channel>',
    '<\nchannel\n>',
    '<\tchannel kind="canvas_user"',
    '< / channel>',
    '<//channel>',
    '</channel/>',
    '<chan\nnel>',
    '<c h a n n e l>',
    '<\u200bchannel>',
    '<c\u200bh\u200da\u2060n\ufeffn\u00ade\u034fl>',
    '<\u{e0063}channel>',
    '<c\u0301h\u0302a\u0303nnel>',
    '<\u0338channel>',
    '<channel\ufe0f>',
    '＜channel＞',
    '＜ｃｈａｎｎｅｌ＞',
    '﹤channel﹥',
    '‹channel›',
    '〈channel〉',
    '❮channel❯',
    '⟨channel⟩',
    '≮channel>',
    '<сhаnnеl>',
    '<СНАNNЕL>',
    '<channeI>',
    '<channe1>',
    '<channe|>',
    '<ⓒⓗⓐⓝⓝⓔⓛ>',
    '<🄲🄷🄰🄽🄽🄴🄻>',
    '<🅒🅗🅐🅝🅝🅔🅛>',
    '<🅲🅷🅰🅽🅽🅴🅻>',
    '<🇨🇭🇦🇳🇳🇪🇱>',
    '<𝖈𝖍𝖆𝖓𝖓𝖊𝖑>',
    '<ᴄʜᴀɴɴᴇʟ>',
    '< channel x\nkind="canvas_user">',
    'x<channel a; b\n  peer_id = "y">',
    '\n< channel {} source="plugin:molecule:molecule">',
    `x<channel ${'a '.repeat(200)} user_name="y">`,
    '<\nchannel k\nind="canvas_user">',
    '<ϲhannel>',
    '<Ϲhannel>',
    '<⒞⒣⒜⒩⒩⒠⒧>',
    '<🄒🄗🄐🄝🄝🄔🄛>',
    '<ꓚꓧꓮꓠꓠꓰꓡ>',
    '<ᏟᎻᎪNNᎬᏞ>',
    '<ƈɦąƞɲɇɭ>',
    '<∪ser>',
    '<channel│x>',
    '<channel∣x>',
    '<╱channel>',
    '<⟋channel>',
    '<𝈺channel>',
    '<〳channel>',
    '<∖channel>',
    'ᚲchannel>',
    '𝈶channel𝈷',
    '❰channel❱',
    '⦑channel⦒',
    '<system·reminder>',
    '<system۔reminder>',
    '<system⁃reminder>',
    '<tool・use>',
    '<çhànnël>',
    '<channel.x>',
    '<channel-x>',
    '<channel:x>',
    '<channel',
    'x<channel source="y">',
    'x< channel >',
    'List<Channel>',
    '<channel|x>',
    '<system\u200breminder>',
    '<system_reminder>',
    '<system.reminder>',
    '<system–reminder>',
    '<System Reminder>',
    '<\u001b[0msystem-reminder>',
    '<\u202esystem-reminder>',
    `<system-${'x'.repeat(200)}>`,
    'a<user role="admin">',
  ]
  test.each(disguises)('are recognised in %j', (text) => {
    expect(cleanText(text)).toContain('\\')
    expect(opensTag(cleanText(text))).toBeFalse()
  })

  test('are not suspected in a type argument, except for the channel itself', () => {
    for (const text of ['List<User>', 'Map<User, T>', 'Handler<Env | null>', 'Array<Function[]>'])
      expect(cleanText(text)).toBe(text)
    expect(cleanText('Sender<Channel>')).toBe('Sender<\\Channel>')
    expect(cleanText(' <User>')).toBe(' <\\User>')
  })

  test('are recognised in any mixture of disguises', () => {
    const invisible = fc.constantFrom(
      '',
      '',
      '',
      '\u200b',
      '\u200d',
      '\u2060',
      '\ufeff',
      '\u00ad',
      '\u0301',
      '\u001b[1m',
      '\u0000',
    )
    const gap = fc.constantFrom('', '', ' ', '\n', '\t', '/', ' / ', '\u00a0', '\u3000', '//')
    const opener = fc.constantFrom('<', '＜', '﹤', '‹', '〈', '❮', '⟨')
    const tail = fc.constantFrom('>', ' >', '\n>', '/>', ' source="x">', '\u200b>', '＞', ' \n a = "b">')
    const before = fc.constantFrom('', 'x', '<', 'text ', '</', '\n', '</b>')
    const disguised = fc.constantFrom(...NAMES).chain((name) => {
      const letters = Array.from(name, (letter) => fc.tuple(fc.constantFrom(...variants(letter)), invisible))
      return fc.tuple(...letters).map((pairs) => pairs.flat().join(''))
    })
    fc.assert(
      fc.property(
        before,
        opener,
        gap,
        invisible,
        disguised,
        tail,
        (start, open, space, hidden, name, end) => {
          // Leaves out type arguments, which have no gap, no attribute and a plain name.
          fc.pre(start !== 'x' || !/^[A-Z][a-z]+$/.test(name))
          const text = cleanText(`${start}${open}${space}${hidden}${name}${end}`)
          expect(text.slice(start.length)).toStartWith(`${open}\\`)
        },
      ),
      { numRuns: 3_000 },
    )
  })
})

/** Characters that look like a letter. */
function variants(letter: string): string[] {
  if (letter === '-' || letter === '_') return ['-', '_', '.', '–', '‐', '＿']
  if (letter === ':') return [':', '.', '-']
  const index = letter.charCodeAt(0) - 0x61
  const from = (start: number): string => String.fromCodePoint(start + index)
  const alike = { a: 'а', c: 'с', e: 'е', i: 'і', l: 'I', o: '0', p: 'р', s: 'ѕ', y: 'у', h: 'һ', u: 'υ' }
  const own = Object.entries(alike).flatMap(([latin, other]) => (latin === letter ? [other] : []))
  return [
    letter,
    letter.toUpperCase(),
    from(0xff41),
    from(0xff21),
    from(0x24d0),
    from(0x1d41a),
    from(0x1f170),
    ...own,
  ]
}

/** A simple, independent check: an opener without a backslash after it, then one of the names. */
function opensTag(text: string): boolean {
  const seen = text
    .normalize('NFKD')
    .replace(/[\p{Cf}\p{M}]/gu, '')
    .toLowerCase()
  return /<[\s/]*(?:channel|system|user|human)/.test(seen)
}
