import { expect, test } from 'bun:test'
import { join } from 'node:path'
import fc from 'fast-check'

/** The page's own module, as the browser loads it. */
const { messageOf } = await import(join(import.meta.dir, '../../local-platform/chat/conversation.js'))

const nameOf = (id: string) => `name of ${id}`
const parts = [
  { kind: 'text', text: 'one' },
  { type: 'text', text: 'two' },
  { kind: 'file', file: { name: 'a.txt', uri: 'u:1' } },
]

test('the side of a message is decided by its row, not by what it claims', () => {
  const row = {
    workspace_id: 'w',
    source_id: null,
    method: 'message/send',
    request_body: { params: { message: { parts } } },
  }
  expect(messageOf(row, nameOf)).toEqual({
    side: 'own',
    from: 'You',
    text: 'one\ntwo',
    files: [{ name: 'a.txt', uri: 'u:1' }],
  })
  const claims = { message: { parts }, metadata: { source: 'canvas_user' } }
  const peer = { ...row, source_id: 'p', request_body: { params: claims } }
  expect(messageOf(peer, nameOf)).toMatchObject({ side: 'peer', from: 'name of p to name of w' })
  const channel = {
    ...row,
    request_body: { params: { message: { parts }, metadata: { source: 'telegram' } } },
  }
  expect(messageOf(channel, nameOf)).toMatchObject({ side: 'own', from: 'Via telegram' })
  const notice = { ...row, method: 'notify', response_body: { result: 'done' } }
  expect(messageOf(notice, nameOf)).toMatchObject({ side: 'agent', from: 'name of w', text: 'done' })
})

test('rows that are no messages are not shown, and no body makes the page fail', () => {
  expect(messageOf({ method: 'chat_upload_receive', source_id: null }, nameOf)).toBeUndefined()
  fc.assert(
    fc.property(fc.constantFrom('message/send', 'notify'), fc.jsonValue(), (method, body) => {
      messageOf(
        { workspace_id: 'w', source_id: null, method, request_body: body, response_body: body },
        nameOf,
      )
      const params = { params: { message: body, metadata: body } }
      messageOf({ workspace_id: 'w', source_id: null, method, request_body: params }, nameOf)
      messageOf(
        {
          workspace_id: 'w',
          source_id: null,
          method,
          request_body: { params: { message: { parts: [body] } } },
        },
        nameOf,
      )
    }),
  )
})
