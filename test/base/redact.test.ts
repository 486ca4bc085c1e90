import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { MIN_SECRET_CHARS, redact } from '../../base/redact.ts'

describe('redact', () => {
  test('replaces every occurrence with the mark', () => {
    expect(redact('a s3cret, and s3cret again', ['s3cret'])).toBe('a [secret], and [secret] again')
    expect(redact('Bearer s3cret', ['s3cret'], '[token]')).toBe('Bearer [token]')
  })

  test('leaves nothing of a secret that begins with another one, whatever the order', () => {
    const [short, long] = ['hunter2', 'hunter2-and-more'] as const
    for (const secrets of [
      [short, long],
      [long, short],
    ])
      expect(redact(`${long} ${short}`, secrets)).toBe('[secret] [secret]')
  })

  test('leaves words alone: what is shorter than six characters is no secret', () => {
    expect(MIN_SECRET_CHARS).toBe(6)
    expect(redact('{"error": "token"}', ['error', 'token', ''])).toBe('{"error": "token"}')
  })

  test('takes a secret literally, whatever characters it has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 6 }), fc.string(), (secret, text) => {
        expect(redact(`${text}\n${secret}\n`, [secret], '\u2400')).not.toContain(`\n${secret}\n`)
      }),
    )
  })
})
