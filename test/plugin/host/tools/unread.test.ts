import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../../../lab/simulation/sim-clock.ts'
import { type Inbound, inboundSchema } from '../../../../member/client/inbound.ts'
import type { PeekedMessage } from '../../../../member/workspace/peek.ts'
import { entry, MESSAGE } from '../../../fixtures/entries.ts'
import { OWN_ID, PEER_ID, startLyingPlatform, TOKEN } from '../../../fixtures/lying-platform.ts'
import { startBench } from '../../../fixtures/tool-context.ts'

const NOW = Date.parse('2026-07-01T12:00:00Z')

/** A message that waits on the platform, `hoursOld`. */
function waiting(activityId: string, hoursOld: number, more: Partial<Inbound> = {}): PeekedMessage {
  const message = inboundSchema.parse({ ...MESSAGE, text: `text of ${activityId}`, ...more })
  const createdAt = new Date(NOW - hoursOld * 3_600_000).toISOString()
  const { peerId } = message
  const stored = entry({ activityId, createdAt, peerId, content: JSON.stringify(message) })
  return { workspaceId: OWN_ID, activityId, createdAt, peerId, delegationId: null, message, entry: stored }
}

const PEEKED: readonly PeekedMessage[] = [
  waiting('old', 5),
  waiting('of-peer', 2, { kind: 'peer_agent', peerId: PEER_ID }),
  waiting('new', 1),
]

const bench = (platformUrl = 'http://127.0.0.1:1') =>
  startBench([{ platformUrl, workspaceId: OWN_ID, token: TOKEN }], {
    clock: new SimClock(NOW),
    unread: async () => PEEKED,
  })
const idsIn = (text: string): readonly string[] =>
  [...text.matchAll(/activity_id (\S+)/g)].map(([, id]) => id ?? '')

describe('messages that wait on the platform', () => {
  test('are in the inbox, newest first unless asked otherwise, and above what a session has read', async () => {
    using ours = bench()
    ours.ledger.of(OWN_ID).storePage([entry({ activityId: 'read' })], undefined, NOW - 1_000)
    expect(idsIn((await ours.call('inbox')).text)).toEqual(['new', 'of-peer', 'old', 'read'])
    const { text } = await ours.call('inbox', { oldest_first: true })
    expect(idsIn(text)).toEqual(['read', 'old', 'of-peer', 'new'])
  })

  test('are narrowed like any others', async () => {
    using ours = bench()
    expect(idsIn((await ours.call('inbox', { since_hours: 3 })).text)).toEqual(['new', 'of-peer'])
    expect(idsIn((await ours.call('inbox', { peer_id: PEER_ID.toUpperCase() })).text)).toEqual(['of-peer'])
    expect((await ours.call('inbox', { show: 'skipped' })).text).toBe('Nothing was skipped.')
  })

  test('are shown in full on request', async () => {
    using ours = bench()
    const { text } = await ours.call('inbox', { activity_id: 'of-peer' })
    expect(text).toStartWith(`peer_agent ${PEER_ID}`)
    expect(text).toEndWith('\n\ntext of of-peer')
  })

  test('can be marked, and are then never shown as new', async () => {
    using ours = bench()
    const { text } = await ours.call('inbox', { mark_done: ['new', 'unheard of'] })
    expect(text).toBe('1 message marked as done; unknown here: unheard of.')
    expect(ours.ledger.find('new', [OWN_ID])?.state).toBe('answered')
    ours.ledger.of(OWN_ID).storePage([entry({ activityId: 'new', seq: 7 })], undefined, NOW)
    expect(ours.ledger.nextBatch([OWN_ID], 10, 1_000, NOW)).toEqual([])
    // Rows before it are still to be read, and must not be acknowledged.
    expect(ours.ledger.of(OWN_ID).ackableSeq()).toBeUndefined()
  })

  test('can be answered, and are then never shown as new', async () => {
    await using platform = startLyingPlatform(() => Response.json({ status: 'queued' }))
    using ours = bench(platform.url)
    const { isError, text } = await ours.call('reply_to_workspace', { activity_id: 'of-peer', text: 'yes' })
    expect([isError, platform.seen[0]?.path]).toEqual([undefined, `/workspaces/${PEER_ID}/a2a`])
    expect(text).not.toContain('not marked')
    expect(ours.ledger.find('of-peer', [OWN_ID])?.state).toBe('answered')
  })
})

test('an answer to one of our tasks asks for no reply: once shown it is not unanswered, and cannot be answered', async () => {
  await using platform = startLyingPlatform(() => Response.json({ status: 'queued' }))
  using ours = startBench([{ platformUrl: platform.url, workspaceId: OWN_ID, token: TOKEN }])
  const task = { id: 'task-1', workspaceId: OWN_ID, peerId: PEER_ID, task: 'count', watched: true }
  ours.ledger.delegations.add(task, NOW)
  const report = { ...MESSAGE, kind: 'delegation_result', taskStatus: 'completed', delegationId: task.id }
  const row = entry({ content: JSON.stringify(report), task: { id: task.id, by: 'platform', failed: false } })
  ours.ledger.of(OWN_ID).storePage([row], undefined, NOW)
  expect(idsIn((await ours.call('inbox')).text)).toEqual([row.activityId])
  const stored = ours.ledger.nextBatch([OWN_ID], 10, 1_000, NOW)
  ours.ledger.markSending(stored)
  ours.ledger.markSent(stored, NOW)
  expect((await ours.call('inbox')).text).toBe('Nothing is unanswered.')
  expect(idsIn((await ours.call('inbox', { show: 'all' })).text)).toEqual([row.activityId])
  const reply = await ours.call('reply_to_workspace', { activity_id: row.activityId, text: 'thanks' })
  expect(reply).toMatchObject({
    isError: true,
    text: expect.stringContaining('A delegation result cannot be answered'),
  })
  expect(platform.seen).toEqual([])
})
