import { expect, test } from 'bun:test'
import { OWN_ID, PEER_ID, startLyingPlatform, TOKEN } from '../../../fixtures/lying-platform.ts'
import { startBench } from '../../../fixtures/tool-context.ts'

const HUGE = 'x'.repeat(5 * 1024 * 1024)
const OTHER = '33333333-3333-4333-8333-333333333333'

/** Calls a tool on a platform whose every list is this one. */
async function call(list: readonly unknown[], name: string, args: object = {}): Promise<string> {
  await using platform = startLyingPlatform(({ path }) =>
    path.endsWith('/a2a') ? Response.json({ status: 'queued' }) : Response.json(list),
  )
  using bench = startBench([{ platformUrl: platform.url, workspaceId: OWN_ID, token: TOKEN }])
  return (await bench.call(name, args)).text
}

test('a memory that is too large is named, and costs no other', async () => {
  const memory = { scope: 'TEAM', created_at: '2026-01-02T00:00:00Z' }
  const list = [
    { id: 'm-1', content: 'Coffee.', ...memory },
    { id: 'm-2', content: HUGE, ...memory },
    { id: 'm-3', content: 'Tea.', ...memory },
  ]
  const text = await call(list, 'recall_memory')
  expect(text.split('\n').map((line) => line.replace(/^.*id (\S+)\] ?/, '$1 '))).toEqual([
    'm-1 Coffee.',
    'm-3 Tea.',
    'm-2 ',
  ])
})

test('a peer whose card is too large is listed by its id, and the others can be found by name', async () => {
  const peers = [
    { id: OTHER, name: 'huge', agent_card: { description: HUGE } },
    { id: PEER_ID, name: 'builder', role: 'builds', status: 'online' },
  ]
  const text = await call(peers, 'list_peers')
  expect(text).toContain(`${PEER_ID}  builder (builds) — online`)
  expect(text).toContain(`${OTHER}  (no name) — unknown`)
  expect(await call(peers, 'delegate_task', { workspace_id: 'Builder', task: 'x' })).toContain(
    `Delivered to peer ${PEER_ID}`,
  )
})

test('the result of one task that is too large hides no other', async () => {
  const row = { source_id: OWN_ID, status: 'completed' }
  const rows = [
    { ...row, delegation_id: 't-1', response_preview: HUGE },
    { ...row, delegation_id: 't-2', response_preview: 'done' },
  ]
  expect(await call(rows, 'check_task_status', { task_id: 't-2' })).toContain('Task t-2 is completed.')
})
