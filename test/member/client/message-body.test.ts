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

  test('may be marked by kind or by type, and its parts are joined in order', () => {
    const parts = [text('one'), { type: 'text', text: 'two' }, { kind: '', type: 'text', text: 'three' }]
    expect(readMessageBody({ parts }).text).toBe('one\ntwo\nthree')
  })

  test('is the content when there are no parts', () => {
    expect(readMessageBody({ params: { message: { content: 'plain' } } }).text).toBe('plain')
  })

  test('comes from the good parts when others are broken', () => {
    const parts = [
      null,
      7,
      'x',
      {},
      { kind: 'text', text: 7 },
      { kind: 'data', text: 'no' },
      text('yes'),
      [text('no')],
    ]
    expect(readMessageBody({ parts }).text).toBe('yes')
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

  test('without address and name are left out, and a broken field is empty', () => {
    const parts = [
      { kind: 'file' },
      { kind: 'file', file: {} },
      { kind: 'file', uri: 7, name: 'b', size: '5' },
    ]
    expect(readMessageBody({ parts }).attachments).toEqual([{ uri: '', name: 'b', mimeType: '', size: null }])
  })
})

test('a body counts up to ten thousand parts', () => {
  const parts = Array.from({ length: 10_001 }, (_, index) => text(String(index)))
  expect(readMessageBody({ parts }).text.split('\n')).toHaveLength(10_000)
})

test('ids and origin are text or absent', () => {
  const message = { parts: [text('x')], messageId: 7, contextId: {}, metadata: { delegation_id: [] } }
  expect(readMessageBody({ params: { message, metadata: { source: 7, username: 8 } } })).toEqual({
    text: 'x',
    attachments: [],
    messageId: null,
    contextId: null,
    delegationId: null,
    source: null,
    userName: null,
    authenticated: false,
  })
})

test('no body makes it throw', () => {
  fc.assert(fc.property(fc.anything(), (body) => void readMessageBody(body)))
  fc.assert(fc.property(fc.jsonValue(), (params) => void readMessageBody({ params, parts: params })))
})
