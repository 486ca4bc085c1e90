/** The web chat's own modules, as the browser loads them. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { answerOf, messageOf } from '../../platform/chat/conversation.js'
import { bytesOf, pathOf } from '../../platform/chat/files.js'
import { plainName } from '../../platform/chat/message-text.js'
import { subtitleOf } from '../../platform/chat/presence.js'

const nameOf = (id: string) => `name of ${id}`
const parts = [
  { kind: 'text', text: 'one ' },
  { type: 'text', text: 'two' },
  { kind: 'file', file: { name: 'a.txt', uri: 'u:1' } },
]

/** Objects that `String` and templates fail for, among any JSON. */
const hostile = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue(),
    fc.constant({ toString: 1, valueOf: 1 }),
    fc.dictionary(
      fc.constantFrom(
        'uri',
        'file',
        'name',
        'parts',
        'message',
        'result',
        'error',
        'text',
        'status',
        'metadata',
      ),
      tie('value'),
    ),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value

test('whatever a row holds, everything the page shows of it is text', () => {
  fc.assert(
    fc.property(
      hostile,
      hostile,
      hostile,
      fc.constantFrom('message/send', 'notify', 'tasks/cancel'),
      (a, b, c, method) => {
        const rows = [
          { workspace_id: 'w', source_id: null, method, request_body: a, response_body: b, error_detail: c },
          {
            workspace_id: 'w',
            source_id: 'p',
            method,
            status: 'error',
            error_detail: a,
            request_body: { params: { message: b, metadata: c } },
          },
          {
            workspace_id: 'w',
            source_id: null,
            method,
            request_body: { params: { message: { parts: [a, b] }, metadata: { source: c } } },
            response_body: { error: { message: a } },
          },
        ]
        for (const row of rows) {
          for (const message of [messageOf(row, nameOf), answerOf(row, nameOf)]) {
            if (message === undefined) continue
            const { text, from, files } = message
            const shown = [text, from, ...files.flatMap(({ name, uri }) => [name, uri])]
            expect(shown.filter((one) => typeof one !== 'string')).toEqual([])
          }
        }
      },
    ),
  )
})

test('the row decides the side of a message, not what the message claims', () => {
  const row = {
    workspace_id: 'w',
    source_id: null,
    method: 'message/send',
    request_body: { params: { message: { parts } } },
  }
  expect(messageOf(row, nameOf)).toEqual({
    side: 'own',
    from: 'You',
    to: 'name of w',
    text: 'one two',
    files: [{ name: 'a.txt', uri: 'u:1', mimeType: '', base64: undefined }],
  })
  const claims = { message: { parts }, metadata: { source: 'canvas_user' } }
  const peer = { ...row, source_id: 'p', request_body: { params: claims } }
  expect(messageOf(peer, nameOf)).toMatchObject({ side: 'peer', from: 'name of p', to: 'name of w' })
  const channel = {
    ...row,
    request_body: { params: { message: { parts }, metadata: { source: 'telegram' } } },
  }
  expect(messageOf(channel, nameOf)).toMatchObject({ side: 'own', from: 'Via telegram' })
  const notice = { ...row, method: 'notify', response_body: { result: 'done' } }
  expect(messageOf(notice, nameOf)).toMatchObject({ side: 'agent', from: 'name of w', text: 'done' })
})

test('rows without a message are not shown, and no body makes the page fail', () => {
  expect(messageOf({ method: 'chat_upload_receive', source_id: null }, nameOf)).toBeUndefined()
  fc.assert(
    fc.property(fc.constantFrom('message/send', 'notify'), fc.jsonValue(), (method, body) => {
      const row = { workspace_id: 'w', source_id: null, method, request_body: body, response_body: body }
      messageOf(row, nameOf)
      answerOf(row, nameOf)
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

const shown = (parts: unknown, more: object = {}) =>
  messageOf(
    {
      workspace_id: 'w',
      source_id: 'p',
      method: 'message/send',
      request_body: { params: { message: { parts } } },
      ...more,
    },
    nameOf,
  )

test('the page shows every form of part, and names what it cannot show', () => {
  expect(shown([{ text: 'the values: ' }, { data: { parcel: 4711 } }])?.text).toBe(
    'the values: \n{"parcel":4711}',
  )
  expect(shown([{ root: { kind: 'text', text: 'hi' } }])?.text).toBe('hi')
  expect(shown([{ kind: 'hologram' }])?.text).toBe('[a part of kind "hologram" cannot be shown]')
  expect(shown([{ url: 'https://f.example/a', filename: 'a.csv' }, { raw: 'YQ==' }])?.files).toEqual([
    { name: 'a.csv', uri: 'https://f.example/a', mimeType: '', base64: undefined },
    { name: 'file', uri: '', mimeType: '', base64: 'YQ==' },
  ])
  const held = (params: object) => shown(undefined, { request_body: { params } })?.text
  expect(held({ message: { content: 'plain' } })).toBe('plain')
  expect(held({ message: { content: [{ text: 'a' }, { text: 'b' }] } })).toBe('ab')
  expect(held({ parts: [{ text: 'bare' }] })).toBe('bare')
  expect(shown([])?.text).toStartWith('[This message is empty:')
  expect(shown(undefined)?.text).toStartWith('[The platform stored this message without its content.')
})

test('the page shows messages under their names in every version, a cancel in words, and no other call', () => {
  const parts = [{ text: 'hi' }]
  for (const method of ['message/stream', 'SendMessage', 'SendStreamingMessage', null]) {
    expect(shown(parts, { method })?.text).toBe('hi')
  }
  const cancel = { method: 'tasks/cancel', request_body: { params: { id: 't1' } } }
  expect(shown(undefined, cancel)).toMatchObject({ side: 'peer', text: '[Cancels the task t1.]' })
  expect(shown(undefined, { ...cancel, request_body: {} })?.text).toBe('[Cancels its tasks.]')
  for (const method of ['tasks/get', 'GetTask', 'tasks/pushNotificationConfig/set', 'chat_upload_receive'])
    expect(shown(parts, { method })).toBeUndefined()
})

const answered = (response_body: unknown, more: object = {}) =>
  answerOf(
    { workspace_id: 'w', source_id: null, method: 'message/send', status: 'ok', response_body, ...more },
    nameOf,
  )

test('what an agent answered at once is shown, in every form, with the state of its task', () => {
  const done = { side: 'agent', from: 'name of w', text: 'done' }
  const message = { kind: 'message', role: 'agent', parts: [{ kind: 'text', text: 'done' }] }
  expect(answered({ jsonrpc: '2.0', id: 1, result: message })).toMatchObject(done)
  expect(answered({ result: { message: { parts: [{ text: 'done' }] } } })).toMatchObject(done)
  const task = (state: string) => ({
    status: { state, message: { parts: [{ text: 'see:' }] } },
    artifacts: [
      { parts: [{ text: 'a ' }, { text: 'report' }] },
      { parts: [{ data: { n: 1 } }, { raw: 'YQ==', filename: 'a.txt' }] },
    ],
  })
  expect(answered({ result: { kind: 'task', ...task('completed') } })).toMatchObject({
    text: 'see:\na report\n{"n":1}',
    files: [{ name: 'a.txt', uri: '', base64: 'YQ==' }],
  })
  expect(answered({ result: { task: task('TASK_STATE_INPUT_REQUIRED') } })?.text).toStartWith(
    '[The task is input-required.]\nsee:',
  )
  expect(answered({ result: { kind: 'task', status: { state: 'working' } } })?.text).toBe(
    '[The task is working.]',
  )
  expect(answered({ error: { code: -32603, message: 'out of memory' } })?.text).toContain('out of memory')
  expect(answered({ result: {} })?.text).toBe('[The agent answered without text.]')
  expect(answered('plain')?.text).toBe('plain')
  expect(answered({ result: message }, { source_id: 'p' })).toMatchObject({
    from: 'name of w',
    to: 'name of p',
  })
})

test('a message that is only stored has no answer, and one that could not be delivered says so', () => {
  expect(answered(undefined)).toBeUndefined()
  expect(answered({ status: 'queued', delivery_mode: 'poll', method: 'message/send' })).toBeUndefined()
  expect(answered({ result: {} }, { method: 'tasks/get' })).toBeUndefined()
  const failed = { status: 'error', error_detail: 'failed to reach workspace agent' }
  expect(answered(undefined, failed)).toMatchObject({
    from: 'The platform',
    text: '[Not delivered: failed to reach workspace agent]',
  })
})

test('a file inside a message is saved from there, and one that the platform keeps from its path', () => {
  expect(bytesOf({ name: 'a', uri: '', base64: '-_-_' })).toEqual(new Uint8Array([251, 255, 191]))
  expect(() => bytesOf({ name: 'a', uri: '', base64: '!' })).toThrow('a cannot be saved')
  const [workspace, file] = [crypto.randomUUID(), crypto.randomUUID()]
  expect(pathOf({ uri: `platform-pending:${workspace}/${file}` })).toBe(
    `/workspaces/${workspace}/pending-uploads/${file}/content`,
  )
  expect(pathOf({ uri: 'https://f.example/a' })).toBeUndefined()
})

test('a shown name has no bidirectional marks and no control characters', () => {
  expect(plainName('report\u202egnp.exe')).toBe('report gnp.exe')
  expect(plainName('\u2066a\u0000b\n\u200f')).toBe('a b')
  expect(plainName('שלום 漢字 é')).toBe('שלום 漢字 é')
  const parts = [{ kind: 'file', file: { name: 'a\u202egpj.exe', uri: 'u:1' } }]
  const notice = { workspace_id: 'w', method: 'notify', response_body: { result: 'x', parts } }
  expect(messageOf(notice, nameOf)).toMatchObject({ files: [{ name: 'a gpj.exe', uri: 'u:1' }] })
})

test('the person learns that an agent is away before writing to it', () => {
  expect(subtitleOf({ status: 'online', role: 'Builds' })).toBe('Builds')
  expect(subtitleOf({ status: 'offline', role: 'Builds' })).toBe(
    'Builds · offline; it will read your messages when it is back',
  )
  expect(subtitleOf({ status: 'degraded', role: 'Builds', last_sample_error: 'out of disk\u202e' })).toBe(
    'Builds · out of disk',
  )
  expect(subtitleOf({ status: 'online', role: 'Builds', last_sample_error: 'old' })).toBe('Builds')
  expect(subtitleOf({ status: 'awaiting_agent', role: null })).toStartWith('waiting for its agent;')
})
