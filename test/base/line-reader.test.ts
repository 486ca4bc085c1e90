import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { LineReader } from '../../base/line-reader.ts'

const MAX_LINE = 64 * 1024

function linesOf(chunks: readonly string[]): string[] {
  const lines: string[] = []
  const reader = new LineReader((line) => lines.push(line))
  for (const chunk of chunks) reader.push(chunk)
  return lines
}

/** Splits a text at these places. */
function splitAt(text: string, places: readonly number[]): string[] {
  const ends = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted((a, b) => a - b)
  return [...ends, text.length].map((end, index) => text.slice(index === 0 ? 0 : ends[index - 1], end))
}

describe('LineReader', () => {
  test('gives the same lines however the text is cut into chunks', () => {
    const line = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '\r', ':', ' ') }),
      fc.constant('x'.repeat(MAX_LINE)),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 8 }), (lines, places) => {
        const text = lines.map((one) => `${one}\n`).join('')
        expect(linesOf(splitAt(text, places))).toEqual(linesOf([text]))
      }),
    )
  })

  test('gives every line without its line break, and no unfinished line', () => {
    expect(linesOf(['a\nb\r', '\n\nc'])).toEqual(['a', 'b', ''])
  })

  test('gives the beginning of an overlong line once, and then the next line', () => {
    const flood = 'x'.repeat(10_000)
    const lines = linesOf([...Array.from({ length: 100 }, () => flood), 'tail\nnext\n'])
    expect(lines.map((line) => line.length)).toEqual([MAX_LINE, 4])
  })
})
