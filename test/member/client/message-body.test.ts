import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readMessageBody } from '../../../member/client/message-body.ts'

const text = (words: string) => ({ kind: 'text', text: words })

describe('the text', () => {
  test('is found in all three shapes, the innermost first', () => {
    const parts = [text('here')]
    expect(readMessageBody({ params: { message: { parts } } }).text).toBe('here')
    expect(readMessageBody({ params: { parts } }).text).toBe('here')
    expect(readMessageBody({ parts }).text).toBe('here')
    const other = [text('not here')]
    expect(readMessageBody({ params: { message: { parts }, parts: other }, parts: other }).text).toBe('here')
    expect(readMessageBody({ params: { message: { parts: [] }, parts }, parts: other }).text).toBe('here')
  })

  test('is the content when there are no parts, be it text or parts', () => {
    expect(readMessageBody({ params: { message: { content: 'plain' } } }).text).toBe('plain')
    expect(readMessageBody({ params: { message: { content: [{ text: 'a' }, { text: 'b' }] } } }).text).toBe(
      'ab',
    )
  })

  test('is found in a body stored as text, which may be words, and in a bare list', () => {
    const body = { params: { message: { parts: [text('here')] } } }
    expect(readMessageBody(JSON.stringify(body)).text).toBe('here')
    expect(readMessageBody([text('here')]).text).toBe('here')
    for (const words of ['see you at 5', '5', '"quoted"', 'null'])
      expect(readMessageBody(words).text).toBe(words)
  })
})

describe('files', () => {
  const expected = { uri: 'platform-pending:w/f', name: 'a.png', mimeType: 'image/png', size: 5 }
  const { mimeType, ...plain } = expected

  test('may be nested or inline, marked by kind or type, in camelCase or snake_case', () => {
    const files = [expected, { ...plain, mime_type: mimeType }]
    for (const file of files) {
      for (const part of [
        { kind: 'file', file },
        { type: 'file', file },
        { kind: 'file', ...file },
        { type: 'image', ...file },
      ])
        expect(readMessageBody({ parts: [part] }).attachments).toEqual([expected])
    }
  })

  test('of a message in the form of A2A 1.0 are known by what they hold', () => {
    const address = { url: 'https://files.example/a%20b.csv?key=1', mediaType: 'text/csv' }
    const content = { raw: 'YQ==', mediaType: 'text/plain', filename: 'a.txt' }
    expect(readMessageBody({ params: { message: { parts: [address, content] } } }).attachments).toEqual([
      { uri: address.url, name: 'a b.csv', mimeType: 'text/csv', size: null },
      { uri: '', base64: 'YQ==', name: 'a.txt', mimeType: 'text/plain', size: null },
    ])
  })

  test('beyond the first twenty are counted', () => {
    const parts = Array.from({ length: 23 }, (_, index) => ({ url: `https://files.example/${index}` }))
    const { text, attachments } = readMessageBody({ parts: [{ text: 'see' }, ...parts] })
    expect(attachments.map(({ name }) => name)).toEqual(
      Array.from({ length: 20 }, (_, index) => String(index)),
    )
    expect(text).toBe('see\n[3 more files cannot be shown]')
  })

  test('without a name are called "file"', () => {
    const parts = [
      { kind: 'file', file: { bytes: 'YQ==' } },
      { kind: 'file', file: { uri: 'https://files.example/' } },
      { kind: 'file', file: { uri: 'platform-pending:w/f' } },
    ]
    expect(readMessageBody({ parts }).attachments.map(({ name }) => name)).toEqual(['file', 'file', 'file'])
  })
})

test('a body without a message differs from one whose message is empty', () => {
  for (const body of [undefined, null, {}, { params: null }, { params: {} }, { params: { message: {} } }]) {
    expect(readMessageBody(body)).toMatchObject({ present: false, text: '' })
  }
  expect(readMessageBody({ params: { message: { parts: [] } } })).toMatchObject({ present: true, text: '' })
})

test('ids may be written in snake_case', () => {
  const message = { parts: [], message_id: 'm', context_id: 'c' }
  expect(readMessageBody({ params: { message } })).toMatchObject({ messageId: 'm', contextId: 'c' })
})

test('ids and origin are text or absent', () => {
  const message = { parts: [text('x')], messageId: 7, contextId: {}, metadata: { delegation_id: [] } }
  expect(readMessageBody({ params: { message, metadata: { source: 7, username: 8 } } })).toEqual({
    text: 'x',
    attachments: [],
    present: true,
    messageId: null,
    contextId: null,
    delegationId: null,
    taskId: null,
    asks: false,
    source: null,
    userName: null,
    authenticated: false,
  })
})

test('no body makes it throw', () => {
  fc.assert(fc.property(fc.anything(), (body) => void readMessageBody(body)))
  fc.assert(fc.property(fc.jsonValue(), (params) => void readMessageBody({ params, parts: params })))
})
