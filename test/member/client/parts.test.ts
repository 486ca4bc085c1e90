/** Every form of part that A2A agents send becomes one typed value, and none is dropped. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Part, readParts, wordsOf } from '../../../member/client/parts.ts'
import {
  readParts as readByPlatform,
  wordsOf as wordsByPlatform,
} from '../../../platform/contract/a2a-parts.js'

const wordsIn = (...list: readonly unknown[]) => wordsOf(readParts(list))
const noFields = { name: '', mimeType: '', size: null }

test.each([
  { kind: 'text', text: 'hi' },
  { type: 'text', text: 'hi' },
  { kind: '', type: 'TEXT', text: 'hi' },
  { text: 'hi' },
  { text: 'hi', mediaType: 'text/markdown', metadata: {} },
  { text: 'hi', data: null, url: '', raw: '' },
  { kind: 'markdown', text: 'hi' },
  { root: { kind: 'text', text: 'hi' } },
  { root: { root: { text: 'hi' } } },
  'hi',
])('%j is a text', (part) => {
  expect(readParts([part])).toEqual([{ kind: 'text', text: 'hi' }])
})

test.each([
  { kind: 'data', data: { parcel: 4711 } },
  { type: 'data', data: { parcel: 4711 } },
  { data: { parcel: 4711 } },
  { data: { parcel: 4711 }, text: '', mediaType: 'application/json' },
  { root: { kind: 'data', data: { parcel: 4711 } } },
])('%j is data', (part) => {
  expect(readParts([part])).toEqual([{ kind: 'data', data: { parcel: 4711 } }])
})

test.each([[0], [false], ['word'], [[1]], [null]])('data may be any JSON value: %j', (data) => {
  expect(readParts([{ kind: 'data', data }])).toEqual([{ kind: 'data', data }])
})

const bytes: Part = { kind: 'bytes', base64: 'YQ==', name: 'a.txt', mimeType: 'text/plain', size: null }
test.each([
  { kind: 'file', file: { bytes: 'YQ==', name: 'a.txt', mimeType: 'text/plain' } },
  { type: 'file', file: { bytes: 'YQ==', name: 'a.txt', mime_type: 'text/plain' } },
  { raw: 'YQ==', filename: 'a.txt', mediaType: 'text/plain' },
  { file: { fileWithBytes: 'YQ==', mediaType: 'text/plain' }, filename: 'a.txt' },
  { file: { file_with_bytes: 'YQ==', name: 'a.txt', media_type: 'text/plain' } },
  { type: 'image', data: 'YQ==', name: 'a.txt', mimeType: 'text/plain' },
  { kind: 'file', file: { uri: 'data:text/plain;charset=utf-8;base64,YQ%3D%3D', name: 'a.txt' } },
  { url: 'DATA:,a', filename: 'a.txt' },
  { root: { kind: 'file', file: { bytes: 'YQ==', name: 'a.txt', mimeType: 'text/plain' } } },
])('%j is a file with its content', (part) => {
  expect(readParts([part])).toEqual([bytes])
})

const address: Part = {
  kind: 'address',
  uri: 'https://f.example/a',
  name: 'a',
  mimeType: 'text/csv',
  size: 5,
}
test.each([
  { kind: 'file', file: { uri: 'https://f.example/a', name: 'a', mimeType: 'text/csv', size: 5 } },
  { type: 'video', uri: 'https://f.example/a', name: 'a', mime_type: 'text/csv', size: 5 },
  { url: 'https://f.example/a', filename: 'a', mediaType: 'text/csv', size: 5 },
  { file: { fileWithUri: 'https://f.example/a', name: 'a', mimeType: 'text/csv', size: 5 } },
  { type: 'resource_link', uri: 'https://f.example/a', name: 'a', mimeType: 'text/csv', size: 5 },
])('%j is a file with an address', (part) => {
  expect(readParts([part])).toEqual([address])
})

test('an empty file is a file, and an address alone is enough', () => {
  expect(readParts([{ kind: 'file', file: { bytes: '' } }])).toEqual([
    { kind: 'bytes', base64: '', ...noFields },
  ])
  expect(readParts([{ kind: 'file', file: 'https://f.example/a' }])).toEqual([
    { kind: 'address', uri: 'https://f.example/a', ...noFields },
  ])
})

describe('the words of a message', () => {
  test('join texts as they are, wherever the sender cut them', () => {
    expect(wordsIn({ text: 'The tot' }, { text: 'al is ' }, { kind: 'text', text: '5.\nBye' })).toBe(
      'The total is 5.\nBye',
    )
  })

  test('put data on separate lines, as JSON', () => {
    const data = { data: { parcel: 4711, 名: ['é'] } }
    expect(wordsIn(data)).toBe('{"parcel":4711,"名":["é"]}')
    expect(wordsIn({ text: 'the values:' }, data, { text: 'as ' }, { text: 'agreed' })).toBe(
      'the values:\n{"parcel":4711,"名":["é"]}\nas agreed',
    )
    expect(wordsIn({ text: 'the values:\n' }, data)).toBe('the values:\n{"parcel":4711,"名":["é"]}')
  })

  test('leave files out, but keep the texts around one apart', () => {
    expect(wordsIn({ raw: 'YQ==' }, { text: 'before' }, { raw: 'YQ==' }, { text: 'after' })).toBe(
      'before\nafter',
    )
  })

  test.each([
    [{}, '[a part of an unknown form cannot be shown: {}]'],
    [null, '[a part that is not an object cannot be shown: null]'],
    [[7], '[a part that is not an object cannot be shown: [7]]'],
    [{ kind: 'hologram', depth: 3 }, 'kind "hologram" cannot be shown: {"kind":"hologram","depth":3}]'],
    [{ kind: 'data', text: 'x' }, '[a part of kind "data" cannot be shown: {"kind":"data","text":"x"}]'],
    [{ kind: 'file' }, '[a file with neither content nor an address cannot be shown'],
    [{ kind: 'file', file: { name: 'b.txt', uri: 7 } }, '[the file "b.txt", which has neither content'],
  ])('name what they cannot show: %j', (part, words) => {
    expect(wordsIn({ text: 'see' }, part)).toStartWith('see\n[')
    expect(wordsIn(part)).toContain(words)
  })

  test('are bounded for an unknown part, and for a list that is too long', () => {
    expect(wordsIn({ kind: 'x'.repeat(500), blob: 7, more: 'y'.repeat(100_000) }).length).toBeLessThan(1_200)
    const many = Array.from({ length: 10_003 }, () => ({ text: 'a' }))
    expect(wordsOf(readParts(many))).toBe(`${'a'.repeat(10_000)}\n[3 more parts cannot be shown]`)
  })

  test('do not fail for data that nests too deeply', () => {
    let data: unknown = 1
    for (let depth = 0; depth < 200_000; depth++) data = [data]
    expect(wordsIn({ text: 'a' }, { data })).toStartWith('a\n')
  })
})

const file = { name: 'a.txt', mimeType: 'text/plain' }
test.each([
  [[{ kind: 'text', text: 'one ' }, { type: 'text', text: 'two' }, { text: '' }, 'three']],
  [[{ text: 'see' }, { data: { a: [1, null] } }, { kind: 'data', data: 0 }, { root: { text: 'end' } }]],
  [[{ text: 'see' }, { kind: 'file', file: { bytes: 'YQ==', ...file } }, { text: 'end' }]],
  [[{ raw: 'YQ==', filename: 'a.txt' }, { url: 'https://f.example/a' }, { file: { fileWithUri: 'x:y' } }]],
  [
    [
      { kind: 'file', file: { bytes: '' } },
      { type: 'image', data: 'YQ==' },
      { kind: 'file', file: 'x:y' },
    ],
  ],
  [
    [
      { kind: 'data', data: null },
      { kind: 'markdown', text: '# hi' },
      { text: 'a', data: null, url: '' },
    ],
  ],
])('the platform reads the same from %j', (list) => {
  const [ours, theirs] = [readParts(list), readByPlatform(list)]
  expect(wordsByPlatform(theirs)).toBe(wordsOf(ours))
  const content = (part: Part) =>
    part.kind === 'bytes' ? part.base64 : part.kind === 'address' ? part.uri : []
  expect(theirs.flatMap((part) => (part.kind === 'file' ? (part.base64 ?? part.uri) : []))).toEqual(
    ours.flatMap(content),
  )
})

test('no list makes the reader throw, and no part disappears', () => {
  expect(readParts(undefined)).toEqual([])
  expect(readParts({ length: 1 })).toEqual([])
  fc.assert(
    fc.property(fc.array(fc.anything()), (list) => {
      expect(readParts(list)).toHaveLength(list.length)
    }),
  )
  fc.assert(fc.property(fc.array(fc.jsonValue()), (list) => void wordsIn(...list)))
})

test.each([201, 100_000])(
  'data that nests %d deep is named, by the platform too, and not written',
  (depth) => {
    const list = JSON.parse(`[{"data":${'['.repeat(depth)}${']'.repeat(depth)}}]`)
    expect(wordsIn(...list)).toBe('[data that nests too deeply to be shown]')
    expect(wordsByPlatform(readByPlatform(list))).toBe('[data that nests too deeply to be shown]')
  },
)
