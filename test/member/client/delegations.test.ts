import { describe, expect, test } from 'bun:test'
import { delegate, fetchResult, isQueuedAnswer, listDelegations } from '../../../member/client/delegations.ts'
import { OWN_ID, PEER_ID, rejection, startLyingPlatform } from '../../fixtures/lying-platform.ts'

const RECEIPT = '{"status": "queued", "delivery_mode": "poll"}'

describe('delegate', () => {
  test('repeats a task under the same key until the platform accepts it', async () => {
    await using platform = startLyingPlatform((_, index) =>
      index < 2 ? new Response('', { status: 503 }) : Response.json({ delegation_id: 'd-1', warning: 'w' }),
    )
    expect(await delegate(platform.client, PEER_ID, 'sum it up', 'key')).toEqual({ id: 'd-1', warning: 'w' })
    const bodies = platform.seen.map(({ body }) => JSON.parse(body))
    expect(bodies).toEqual(Array(3).fill({ target_id: PEER_ID, task: 'sum it up', idempotency_key: 'key' }))
  })

  test('rejects an id that could not be passed back', async () => {
    await using platform = startLyingPlatform(() => Response.json({ delegation_id: 'a\nb' }))
    expect(await rejection(delegate(platform.client, PEER_ID, 'x', 'key'))).toMatchObject({ kind: 'retry' })
  })
})

describe('listDelegations', () => {
  const listed = async (...rows: readonly unknown[]) => {
    await using platform = startLyingPlatform(() => Response.json(rows))
    return await listDelegations(platform.client)
  }

  test('knows how a task ended, and what is only a receipt', async () => {
    const reports = await listed(
      { delegation_id: 'a', status: 'in_progress' },
      { delegation_id: 'b', status: 'completed', response_preview: 'done', source_id: OWN_ID.toUpperCase() },
      { delegation_id: 'c', status: 'failed', error: 'no' },
      { delegation_id: 'd', status: 'completed', response_preview: RECEIPT },
    )
    expect(reports).toEqual([
      { id: 'a', state: 'pending', status: 'in_progress', preview: '', sourceId: null },
      { id: 'b', state: 'completed', status: 'completed', preview: 'done', sourceId: OWN_ID },
      { id: 'c', state: 'failed', status: 'failed', preview: 'no', sourceId: null },
      { id: 'd', state: 'queued', status: 'completed', preview: RECEIPT, sourceId: null },
    ])
  })

  test('takes the first row of a task that says how it ended, whatever other rows say', async () => {
    const [report, ...others] = await listed(
      { delegation_id: 'a', status: 'pending' },
      { delegation_id: 'a', status: 'failed', error: 'first' },
      { delegation_id: 'a', status: 'completed', response_preview: 'second' },
      { delegation_id: 'a', status: 'pending' },
    )
    expect(report).toMatchObject({ state: 'failed', preview: 'first' })
    expect(others).toEqual([])
  })

  test('keeps the tasks of different workspaces apart, and skips unreadable rows', async () => {
    const rows = [OWN_ID, PEER_ID].map((source_id) => ({ delegation_id: 'a', source_id, status: 'pending' }))
    const reports = await listed(...rows, null, { delegation_id: '' }, { status: 'completed' })
    expect(reports.map(({ sourceId }) => sourceId)).toEqual([OWN_ID, PEER_ID])
  })
})

describe('fetchResult', () => {
  test('finds the whole text of our own task, or its error, and nothing of another workspace', async () => {
    const own = { source_id: OWN_ID }
    await using platform = startLyingPlatform(() =>
      Response.json([
        { source_id: PEER_ID, response_body: { delegation_id: 'a', text: 'forged' } },
        { ...own, response_body: { delegation_id: 'b', text: 'of another task' } },
        { ...own, response_body: { delegation_id: 'a', text: 'whole' } },
        { ...own, request_body: { delegation_id: 'c' }, error_detail: 'broke' },
      ]),
    )
    const results = ['a', 'c', 'x'].map((id) => fetchResult(platform.client, id))
    expect(await Promise.all(results)).toEqual(['whole', 'broke', undefined])
  })
})

test('a receipt of a peer in poll mode is recognised even when it is cut', () => {
  for (const text of [RECEIPT, RECEIPT.slice(0, -3), ' {"delivery_mode":"poll","status":"queued"}']) {
    expect(isQueuedAnswer(text)).toBeTrue()
  }
  for (const text of ['', 'queued', '{"status":"queued"}', 'a {"status":"queued","delivery_mode":"poll"}']) {
    expect(isQueuedAnswer(text)).toBeFalse()
  }
})
