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
    ['broken by colours', [...SECRET].join('\u001b[01;31m\u001b[K')],
    ['in an address', `https://example.org/?t=${encodeURIComponent(SECRET)}`],
    ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['in hexadecimal of the upper case', Buffer.from(SECRET).toString('hex').toUpperCase()],
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

describe('a secret is found in a file, wherever its parts end', () => {
  const hex = Buffer.from(SECRET).toString('hex')
  test.each([
    ['as it is', Buffer.from(SECRET)],
    ['broken by lines', Buffer.from(SECRET.replace(/(.{8})/g, '$1\r\n'))],
    ['broken by more white space than a part holds', Buffer.from(SECRET.replace('/', `${' '.repeat(500)}/`))],
    ['broken by what nobody sees', Buffer.from([...SECRET].join('\u200b'))],
    ['in hexadecimal of several lines', Buffer.from(hex.replace(/(.{10})/g, '$1\n'))],
    ['in UTF-16', Buffer.from(`a line\n${SECRET}\n`, 'utf16le')],
    ['in Base64 of several lines', Buffer.from(btoa(`x${SECRET}`).replace(/(.{7})/g, '$1\n'))],
  ])('%s', async (_, bytes) => {
    for (const size of [1, 2, 3, 7, 64]) expect(await search.isInParts(partsOf(bytes, size))).toBe(true)
    expect(await search.isInParts(partsOf(bytes.subarray(0, 20), 7))).toBe(false)
  })
})

async function* partsOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('what is too short to be a secret, or is only a part of one, is not', () => {
  expect(search.isIn(`abc ${SECRET.slice(1)} ${SECRET.slice(0, -1)}`)).toBe(false)
  expect(new SecretSearch([]).isIn('anything')).toBe(false)
})
