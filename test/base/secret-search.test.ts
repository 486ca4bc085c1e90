import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SecretSearch } from '../../base/secret-search.ts'

const SECRET = 'mol_tok/3n+9f8a7c6b5d4e3f2a1b0c'
const search = new SecretSearch([SECRET, 'abc', ''])

describe('a secret is found in a text', () => {
  test.each([
    ['as it is', `the token is ${SECRET}.`],
    ['broken by white space', SECRET.replace(/(.{8})/g, '$1\n')],
    ['broken by what nobody sees', [...SECRET].join('\u200b')],
    ['in an address', `https://example.org/?t=${encodeURIComponent(SECRET)}`],
    ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['in JSON', JSON.stringify({ token: SECRET })],
  ])('%s', (_, text) => {
    expect(search.isIn(text)).toBe(true)
  })

  test('in Base64 of either alphabet, whatever stands around it', () => {
    const encodings = ['base64', 'base64url'] as const
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom(...encodings), (before, after, encoding) => {
        expect(search.isIn(Buffer.from(before + SECRET + after).toString(encoding))).toBe(true)
      }),
    )
  })
})

test('what is too short to be a secret, or is only a part of one, is not', () => {
  expect(search.isIn(`abc ${SECRET.slice(1)} ${SECRET.slice(0, -1)}`)).toBe(false)
  expect(new SecretSearch([]).isIn('anything')).toBe(false)
})
