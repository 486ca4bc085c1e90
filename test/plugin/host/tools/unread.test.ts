import { expect, test } from 'bun:test'
import { entry, MESSAGE } from '../../../fixtures/entries.ts'
import { OWN_ID, PEER_ID, startLyingPlatform, TOKEN } from '../../../fixtures/lying-platform.ts'
import { startBench } from '../../../fixtures/tool-context.ts'

const NOW = Date.parse('2026-07-01T12:00:00Z')
const idsIn = (text: string): readonly string[] =>
  [...text.matchAll(/activity_id (\S+)/g)].map(([, id]) => id ?? '')

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
