import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { plainFileName, plainText, plainWords } from '../../base/plain-text.ts'

const FORBIDDEN = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

test('plainWords holds no part of a word that the cut goes through', () => {
  expect(plainWords('one two', 100)).toBe('one two')
  fc.assert(
    fc.property(fc.nat(60), fc.nat(400), fc.integer({ min: 20, max: 60 }), (words, blanks, maxLength) => {
      const line = plainWords(`${'é🛰 '.repeat(words)}${' '.repeat(blanks)}secret-of-many-letters`, maxLength)
      expect(line.length).toBeLessThanOrEqual(maxLength)
      expect(line.replace('secret-of-many-letters', '')).not.toMatch(/[a-z]/)
    }),
  )
})

describe('plainText', () => {
  test('leaves ordinary text as it is', () => {
    expect(plainText('Zoë’s agent 🛰️ – <b>', 100)).toBe('Zoë’s agent 🛰️ – <b>')
  })

  test('turns control characters and line breaks into one space', () => {
    expect(plainText('a\r\n\u0000b\u001b[31mc\u2028d', 100)).toBe('a b [31mc d')
  })

  test('removes bidirectional controls', () => {
    expect(plainText('adm\u202enimda\u2066!', 100)).toBe('admnimda!')
  })

  test('never cuts a character in two', () => {
    expect(plainText('ab🛰', 3)).toBe('ab')
    expect(plainText('ab🛰', 4)).toBe('ab🛰')
  })

  test('gives one clean line no longer than asked for, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 40 }), (text, maxLength) => {
        const line = plainText(text, maxLength)
        expect(line.length).toBeLessThanOrEqual(maxLength)
        expect(line).not.toMatch(FORBIDDEN)
        expect(plainText(line, maxLength)).toBe(line)
      }),
    )
  })
})

describe('plainFileName', () => {
  test.each([
    ['売上報告.xlsx', 40, '売上報告.xlsx'],
    ['  a\r\nb\u202e.txt ', 40, 'a b.txt'],
    ['か\u3099.csv', 40, 'が.csv'],
    ['a very long name.xlsx', 12, 'a very….xlsx'],
    ['very long отчёт.документ', 16, 'very l….документ'],
    ['no-ending-at-all', 8, 'no-endi…'],
    ['.gitignoreandmore', 8, '.gitign…'],
  ])('of %j in %i characters is %j', (name, maxLength, expected) => {
    expect(plainFileName(name, maxLength)).toBe(expected)
  })

  test('is one clean line of that length, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 20, max: 60 }), (text, maxLength) => {
        const name = plainFileName(text, maxLength)
        expect(name.length).toBeLessThanOrEqual(maxLength)
        expect(name).not.toMatch(FORBIDDEN)
      }),
    )
  })
})
