import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Inbound } from '../../../../member/client/inbound.ts'
import {
  type EventInput,
  MAX_CONTENT_CHARS,
  notificationLine,
  renderEvent,
} from '../../../../plugin/host/event/notification.ts'
import { OWN_ID, PEER_ID } from '../../../fixtures/lying-platform.ts'

const MESSAGE: Inbound = {
  kind: 'peer_agent',
  text: 'hello',
  method: 'message/send',
  peerId: PEER_ID,
  peerName: 'builder',
  peerRole: 'Writes the code',
  userName: null,
  authenticated: false,
  contextId: null,
  delegationId: null,
  taskStatus: null,
  attachments: [],
}
const ACTIVITY_ID = 'c0ffee00-0000-4000-8000-000000000001'
const input = (message: Partial<Inbound> = {}, more: Partial<EventInput> = {}): EventInput => ({
  workspaceId: OWN_ID,
  activityId: ACTIVITY_ID,
  createdAt: '2026-07-01T10:00:00.123456Z',
  redelivered: false,
  message: { ...MESSAGE, ...message },
  ...more,
})

describe('an event', () => {
  test('of a peer names the peer in meta, and leaves out what is unknown', () => {
    expect(renderEvent(input())).toEqual({
      content: 'hello',
      meta: {
        kind: 'peer_agent',
        workspace_id: OWN_ID,
        activity_id: ACTIVITY_ID,
        peer_id: PEER_ID,
        peer_name: 'builder',
        peer_role: 'Writes the code',
        method: 'message/send',
        ts: '2026-07-01T10:00:00.123456Z',
      },
    })
  })

  test('that the model may have seen before says so; any other has no such key', () => {
    expect(renderEvent(input({}, { redelivered: true })).meta.redelivered).toBe('true')
    expect(renderEvent(input()).meta).not.toContainKey('redelivered')
  })

  test('counts its files and names a bounded number of them', () => {
    const file = { uri: 'platform-pending:x/y', name: '../a\n<b>.png', mimeType: 'image/png', size: 1 }
    const { meta } = renderEvent(input({ attachments: Array.from({ length: 50 }, () => file) }))
    expect(meta).toMatchObject({
      attachment_count: '50',
      attachment_1_name: '../a <b>.png',
      attachment_1_mime: 'image/png',
    })
    expect(
      Object.keys(meta).filter((key) => key.endsWith('_name') && key.startsWith('attachment')),
    ).toHaveLength(20)
    expect(JSON.stringify(meta)).not.toContain('platform-pending')
  })

  test('names a file in its own script, and a long name with its ending', () => {
    const names = ['売上報告.xlsx', `${'報'.repeat(200)}.xlsx`]
    const attachments = names.map((name) => ({ uri: 'x:y', name, mimeType: '', size: null }))
    const { meta } = renderEvent(input({ attachments }))
    expect([meta.attachment_1_name, meta.attachment_2_name]).toEqual([
      '売上報告.xlsx',
      `${'報'.repeat(74)}….xlsx`,
    ])
  })

  test('gives the path, the URI and the error of each file', () => {
    const attachment = { uri: 'x:y', name: 'a', mimeType: '', size: null }
    const { meta } = renderEvent(
      input(
        { attachments: [attachment, attachment, attachment, attachment] },
        {
          files: [
            { name: 'far.png', mimeType: 'image/png', kind: 'image', uri: 'https://example.com/far.png' },
            { name: 'a.txt', mimeType: 'text/plain', kind: 'file', error: 'gone\n</channel>' },
            { name: 'b.png', mimeType: 'image/png', kind: 'image', path: '/inbox/b.png' },
            { name: 'c.png', mimeType: 'image/png', kind: 'image', path: '/inbox/c.png' },
          ],
        },
      ),
    )
    expect(meta).toMatchObject({
      attachment_count: '4',
      attachment_1_kind: 'image',
      attachment_1_uri: 'https://example.com/far.png',
      attachment_2_error: 'gone <\\/channel>',
      attachment_3_path: '/inbox/b.png',
      attachment_4_path: '/inbox/c.png',
      image_path: '/inbox/b.png',
    })
    expect(meta).not.toHaveProperty('attachment_1_path')
    expect(meta).not.toHaveProperty('attachment_3_error')
  })

  test('leaves out a path or URI that would need cleaning', () => {
    const file = { name: 'a', mimeType: '', kind: 'file' } as const
    const { meta } = renderEvent(
      input({}, { files: [{ ...file, path: '/in\u202ebox/a', uri: 'https://x/</channel>' }] }),
    )
    expect(Object.keys(meta).filter((key) => key.startsWith('attachment_1'))).toEqual([
      'attachment_1_name',
      'attachment_1_kind',
    ])
  })

  test('of a task carries its id, and of a platform’s report only a summary', () => {
    const report = { kind: 'delegation_result', taskStatus: 'failed', delegationId: 'task-1' } as const
    const { content, meta } = renderEvent(input({ ...report, text: 'x'.repeat(1_000) }))
    expect(meta).toMatchObject({ kind: 'delegation_result', delegation_id: 'task-1', task_status: 'failed' })
    expect(content).toStartWith(`The task failed. ${'x'.repeat(300)}…\n\n(This is a summary.`)
    expect(content).toContain('check_task_status with task_id task-1')
    const nameless = renderEvent(input({ ...report, delegationId: null, text: 'x'.repeat(1_000) }))
    expect(nameless.content).toContain('inbox with this activity_id has the full text')
    const answer = renderEvent(input({ text: 'done' }, { delegationId: 'task-2' }))
    expect(answer).toMatchObject({
      content: 'done',
      meta: { kind: 'delegation_result', delegation_id: 'task-2' },
    })
  })

  test('that is too long is cut, and says how much is missing and where it is', () => {
    const { content } = renderEvent(
      input({ text: `${'x'.repeat(MAX_CONTENT_CHARS - 1)}😀${'y'.repeat(99)}` }),
    )
    expect(content).toEndWith(
      `x\ufffd\n[cut here: 100 of ${MAX_CONTENT_CHARS + 100} characters are missing; inbox with this activity_id has all of them]`,
    )
    expect(renderEvent(input({ text: 'x'.repeat(MAX_CONTENT_CHARS) })).content).toHaveLength(
      MAX_CONTENT_CHARS,
    )
  })
})

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\n', '\u0000', '" source="x', '</channel>', '\u2028', '__proto__', 'constructor'),
)
const optional = fc.option(text)
const anyInput: fc.Arbitrary<EventInput> = fc.record({
  workspaceId: text,
  activityId: text,
  createdAt: text,
  redelivered: fc.boolean(),
  message: fc.record({
    kind: fc.constantFrom('canvas_user', 'peer_agent', 'external', 'scheduled', 'delegation_result'),
    text,
    method: text,
    peerId: optional,
    peerName: optional,
    peerRole: optional,
    userName: optional,
    authenticated: fc.boolean(),
    contextId: optional,
    delegationId: optional,
    taskStatus: fc.constantFrom(null, 'completed' as const, 'failed' as const),
    attachments: fc.array(fc.record({ uri: text, name: text, mimeType: text, size: fc.option(fc.nat()) })),
  }),
})
const KEYS = new Set(
  'kind workspace_id activity_id peer_id peer_name peer_role user_name delegation_id task_status method ts redelivered attachment_count'.split(
    ' ',
  ),
)

describe('whatever a message says', () => {
  test('meta holds only non-empty strings under keys the host accepts, and never source', () => {
    fc.assert(
      fc.property(anyInput, (some) => {
        const { content, meta } = renderEvent(some)
        expect(content).toBeString()
        for (const [key, value] of Object.entries(meta)) {
          expect(key).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/)
          expect(key).not.toBe('source')
          expect(value).toBeString()
          expect(value).not.toBe('')
          expect(value).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
        }
      }),
    )
  })

  test('it adds no key to meta and changes no value there', () => {
    fc.assert(
      fc.property(anyInput, (some) => {
        const { meta } = renderEvent(some)
        const others = Object.keys(meta).filter((key) => !KEYS.has(key))
        expect(others.every((key) => /^attachment_\d+_(name|mime)$/.test(key))).toBeTrue()
        expect(meta.kind).toBe(some.message.kind)
        const plain = renderEvent({ ...some, message: { ...some.message, text: 'other' } })
        expect(plain.meta).toEqual(meta)
      }),
    )
  })

  test('the event is one line of JSON that holds all of it', () => {
    fc.assert(
      fc.property(anyInput, (some) => {
        const event = renderEvent(some)
        const line = notificationLine(event)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028\u2029]/)
        expect(JSON.parse(line)).toEqual({
          jsonrpc: '2.0',
          method: 'notifications/claude/channel',
          params: { content: event.content, meta: event.meta },
        })
      }),
    )
  })
})
