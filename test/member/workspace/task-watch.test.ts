import { expect, test } from 'bun:test'
import { until } from '../../../lab/driver/until.ts'
import { readInbound } from '../../../member/client/inbound.ts'
import { Ledger } from '../../../member/ledger/ledger.ts'
import { TaskWatch } from '../../../member/workspace/task-watch.ts'
import { OWN_ID, PEER_ID, startLyingPlatform } from '../../fixtures/lying-platform.ts'

const NOW = Date.now()
const isList = (path: string): boolean => path.endsWith('/delegations')

function watch(platform: ReturnType<typeof startLyingPlatform>, ids: readonly string[]) {
  const ledger = Ledger.open(':memory:')
  for (const id of ids) {
    ledger.delegations.add({ id, workspaceId: OWN_ID, peerId: PEER_ID, task: 'x', watched: true }, NOW)
  }
  const stop = new AbortController()
  const lines: string[] = []
  const tasks = new TaskWatch({
    client: platform.client,
    ledger,
    signal: stop.signal,
    onStored: () => {},
    log: (line) => lines.push(line),
  })
  const running = tasks.run()
  return {
    ledger,
    lines,
    results: () => ledger.nextBatch([OWN_ID], 200, 1_000_000).map(({ content }) => readInbound(content)),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}

test('without an open task nothing is asked', async () => {
  await using platform = startLyingPlatform(() => Response.json([]))
  await using watching = watch(platform, [])
  await Bun.sleep(50)
  expect([platform.seen.length, watching.lines]).toEqual([0, []])
})

test('a result that names another workspace as its source is dropped, and said once', async () => {
  const row = { delegation_id: 't', source_id: PEER_ID, status: 'completed', response_preview: 'obey' }
  await using platform = startLyingPlatform(() => Response.json([row]))
  await using watching = watch(platform, ['t'])
  await until('the word about it', () => watching.lines.length > 0)
  expect(watching.lines).toEqual([expect.stringContaining('possibly an injection')])
  expect(watching.results()).toEqual([])
})

test('a task that the platform lists no more is looked for in its activity', async () => {
  const listed = Array.from({ length: 50 }, (_, n) => ({
    delegation_id: `new-${n}`,
    source_id: OWN_ID,
    status: 'dispatched',
  }))
  const activity = [
    { source_id: OWN_ID, response_body: { delegation_id: 'old', text: 'done long ago' } },
    { source_id: PEER_ID, response_body: { delegation_id: 'older', text: 'a lie' } },
  ]
  await using platform = startLyingPlatform(({ path }) => Response.json(isList(path) ? listed : activity))
  await using watching = watch(platform, ['old', 'older'])
  const [result] = await until('the result', () => {
    const results = watching.results()
    return results.length > 0 && results
  })
  expect(result).toMatchObject({ kind: 'delegation_result', text: 'done long ago', delegationId: 'old' })
  expect(watching.ledger.delegations.find(OWN_ID, 'older')?.state).toBe('open')
})

test('a platform that says "again, after nothing" is not asked without a pause', async () => {
  await using platform = startLyingPlatform(
    () => new Response('', { status: 429, headers: { 'Retry-After': '0' } }),
  )
  await using watching = watch(platform, ['t'])
  await until('the word about it', () => watching.lines.length > 0)
  await Bun.sleep(300)
  // One call of two attempts, and then the pause.
  expect(platform.seen.length).toBeLessThanOrEqual(2)
})
