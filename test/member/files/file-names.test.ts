import { describe, expect, test } from 'bun:test'
import { basename, join, normalize } from 'node:path'
import fc from 'fast-check'
import { kindOfContent, trueMimeType } from '../../../member/files/file-kinds.ts'
import { safeFileName } from '../../../member/files/file-names.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const PNG = kindOfContent(bytes('\x89PNG\r\n\x1a\nrest'))
const JPEG = kindOfContent(bytes('\xff\xd8\xff\xe0rest'))

describe('a safe name', () => {
  const cases: readonly (readonly [given: string, safe: string])[] = [
    ['report.txt', 'report.txt'],
    ['Übersicht 2026 (neu).csv', 'Übersicht_2026_neu.csv'],
    ['../../etc/passwd.txt', 'passwd.txt'],
    ['..\\..\\windows\\win.ini', 'win.ini'],
    ['/absolute.md', 'absolute.md'],
    ['.env', 'env.bin'],
    ['..', 'file.bin'],
    ['', 'file.bin'],
    ['CON', '_CON.bin'],
    ['con.txt', '_con.txt'],
    ['LPT1.tar.gz', '_LPT1.tar.gz'],
    ['aux .txt', '_aux.txt'],
    ['a\u0000b\nc\u001b[31m.txt', 'abc_31m.txt'],
    ['invoice\u202egnp.exe', 'invoicegnp.exe'],
    ['zero\u200bwidth\u2066.md', 'zerowidth.md'],
    ['<channel source="x">.md', 'channel_source_x.md'],
    ['a"b$(id)`id`;c.sh', 'a_b_id_id_c.sh'],
    ['e\u0301.txt', 'é.txt'],
    ['trailing. . .', 'trailing.bin'],
    ['half\ud800.txt', 'half.txt'],
    ['売上報告.xlsx', '売上報告.xlsx'],
    ['____.xlsx', 'file.xlsx'],
    ['📊.xlsx', 'file.xlsx'],
    ['-.md', 'file.md'],
    ['отчёт.ДОК', 'отчёт.док'],
    ['تقرير.pdf.txt', 'تقرير.pdf.txt'],
    ['か\u3099.csv', 'が.csv'],
    ['a.İ', 'a.i\u0307'],
    ['売上。報告', '売上_報告.bin'],
    [`a.${'\u{1f600}'}`, 'a.bin'],
    [`a.${'𠀀'.repeat(10)}`, `a.${'𠀀'.repeat(10)}.bin`],
  ]
  test.each([...cases])('of %j is %j', (given, safe) => {
    expect(safeFileName(given, undefined, '')).toBe(safe)
  })

  test('has the extension of the content where that says, else its own, else that of the declared type', () => {
    expect(safeFileName('a.png', PNG, 'image/png')).toBe('a.png')
    expect(safeFileName('a.JPEG', JPEG, '')).toBe('a.jpeg')
    expect(safeFileName('a.txt', PNG, 'text/plain')).toBe('a.png')
    expect(safeFileName('a', PNG, '')).toBe('a.png')
    expect(safeFileName('a.png', undefined, 'image/png')).toBe('a.bin')
    expect(safeFileName('a.PDF', undefined, '')).toBe('a.bin')
    expect(safeFileName('a.md', undefined, 'text/plain')).toBe('a.md')
    expect(safeFileName('notes', undefined, 'text/markdown')).toBe('notes.md')
  })

  test('is one short path component without a leading dot, whatever the name', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.string({
        unit: fc.constantFrom('.', '/', '\\', 'C', 'O', 'N', ' ', '\u202e', '😀', 'é', '\u0301', '報', 'İ'),
        maxLength: 400,
      }),
    )
    fc.assert(
      fc.property(hostile, fc.constantFrom(undefined, PNG), hostile, (name, kind, mimeType) => {
        const safe = safeFileName(name, kind, mimeType)
        expect(safe).toMatch(/^[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}._-]*\.[\p{L}\p{M}\p{N}]{1,19}$/u)
        expect(basename(safe)).toBe(safe)
        expect(normalize(join('/inbox', safe))).toBe(`/inbox/${safe}`)
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(120)
        expect(safe).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)\./i)
        expect(safe.isWellFormed()).toBeTrue()
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('the kind of a file', () => {
  test('is recognised by the first bytes', () => {
    expect(kindOfContent(bytes('GIF89a'))?.mimeType).toBe('image/gif')
    expect(kindOfContent(bytes('RIFF\n\r\x00\x01WEBPVP8 '))?.mimeType).toBe('image/webp')
    expect(kindOfContent(bytes('%PDF-1.7'))?.mimeType).toBe('application/pdf')
    for (const other of ['', 'GIF', 'RIFF1234WAVE', '<svg/>', '\x89PNG\n', ' %PDF-']) {
      expect(kindOfContent(bytes(other))).toBeUndefined()
    }
  })

  test('outranks the declared type, which counts only where the content does not say', () => {
    expect(trueMimeType(PNG, 'text/plain')).toBe('image/png')
    expect(trueMimeType(undefined, 'text/plain')).toBe('text/plain')
    expect(trueMimeType(undefined, 'image/png')).toBe('application/octet-stream')
  })
})
