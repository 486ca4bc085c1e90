import { describe, expect, test } from 'bun:test'
import { sleep } from '../../../../base/sleep.ts'
import { Chat } from '../../../../lab/driver/chat.ts'
import { SimClock } from '../../../../lab/simulation/sim-clock.ts'
import { startPlatform } from '../../../../platform/platform.ts'
import { callTool } from '../../../../plugin/host/tools/registry.ts'
import { entries, entry, MESSAGE } from '../../../fixtures/entries.ts'
import { OWN_ID } from '../../../fixtures/lying-platform.ts'
import { type Bench, startBench } from '../../../fixtures/tool-context.ts'

interface Scene {
  readonly builder: Bench
  readonly builderId: string
  readonly reviewerId: string
  readonly fromReviewer: (text: string) => Promise<unknown>
  readonly fromPerson: (text: string) => Promise<void>
  readonly end: () => Promise<void>
}

async function scene(): Promise<Scene> {
  const platform = await startPlatform()
  const [, builder, reviewer] = platform.createTeam()
  if (builder === undefined || reviewer === undefined) throw new Error('no team')
  const bench = (id: string, token: string) =>
    startBench([{ platformUrl: platform.url, workspaceId: id, token }])
  const tools = bench(reviewer.id, reviewer.token)
  const chat = new Chat(platform.url, platform.adminToken)
  return {
    builder: bench(builder.id, builder.token),
    builderId: builder.id,
    reviewerId: reviewer.id,
    fromReviewer: (text) => tools.call('reply_to_workspace', { peer_id: builder.id, text }),
    fromPerson: (text) => chat.write(builder.id, text),
    end: () => platform.stop(),
  }
}

const ids = (text: string): string[] =>
  [...text.matchAll(/activity_id ([0-9a-f-]{36})/g)].map(([, id]) => id ?? '')

describe('inbox', () => {
  test('lists unanswered messages, newest first, until they are answered or marked as done', async () => {
    const { builder, builderId, fromReviewer, fromPerson, end } = await scene()
    expect((await builder.call('inbox')).text).toBe('Nothing is unanswered.')
    await fromPerson('from the person')
    await fromReviewer('from the reviewer')
    await fromReviewer('for your information')
    await builder.receive(builderId)
    const { text } = await builder.call('inbox')
    const [information = '', question = '', person = ''] = ids(text)
    expect(text.indexOf('for your information')).toBeLessThan(text.indexOf('from the person'))
    await builder.call('reply_to_workspace', { activity_id: question, text: 'done' })
    await builder.call('inbox', { mark_done: [information] })
    expect(ids((await builder.call('inbox')).text)).toEqual([person])
    expect(ids((await builder.call('inbox', { show: 'all' })).text)).toEqual([information, question, person])
    await end()
  })

  test('waits for the files of the message that it shows, with progress, and says what has not come', async () => {
    const clock = new SimClock(0)
    const error = 'still being fetched, 1 MB so far'
    const asked: unknown[] = []
    using bench = startBench([], {
      clock,
      files: () => ({
        prepare: async (_message, attachments, patience) => {
          asked.push(patience?.ms)
          await sleep(patience?.ms ?? 0, patience?.signal, clock)
          return attachments.map(({ name, mimeType }) => ({ name, mimeType, kind: 'file' as const, error }))
        },
      }),
      workspaceIds: () => [OWN_ID],
    })
    const attachments = [{ uri: `platform-pending:${OWN_ID}/x`, name: 'a.bin', mimeType: '', size: null }]
    const stored = entry({ content: JSON.stringify({ ...MESSAGE, attachments }) })
    bench.ledger.of(OWN_ID).storePage([stored], undefined, 0)
    const told: number[] = []
    const { signal } = new AbortController()
    const shown = callTool('inbox', { activity_id: stored.activityId }, bench.context, signal, (done) => {
      told.push(done)
    })
    clock.runUntil(60_000)
    expect((await shown).text).toContain(`- a.bin: ${error}`)
    expect([asked, told.slice(0, 2), clock.armed]).toEqual([[50_000], [5_000, 10_000], 0])
  })

  test('lists the messages of one peer on request', async () => {
    const { builder, builderId, reviewerId, fromReviewer, fromPerson, end } = await scene()
    await fromPerson('from the person')
    await fromReviewer('from the reviewer')
    await builder.receive(builderId)
    const { text } = await builder.call('inbox', { peer_id: reviewerId.toUpperCase() })
    expect(text).toContain('from the reviewer')
    expect(text).not.toContain('from the person')
    await end()
  })

  test('cuts a long text in the list and gives it in full on request', async () => {
    const { builder, builderId, fromPerson, end } = await scene()
    const long = `begin ${'x'.repeat(2_000)} end`
    await fromPerson(long)
    await builder.receive(builderId)
    const { text } = await builder.call('inbox')
    expect(text).not.toContain(' end')
    const { text: whole } = await builder.call('inbox', { activity_id: ids(text)[0] })
    expect(whole).toStartWith('canvas_user')
    expect(whole).toEndWith(`\n\n  ${long}`)
    await end()
  })

  test('lists what was not for the model, with the reason, only on request', async () => {
    const { builder, builderId, end } = await scene()
    await builder.call('send_message_to_user', { message: 'our own words' })
    await builder.receive(builderId)
    expect((await builder.call('inbox', { show: 'all' })).text).toBe('Nothing has arrived.')
    expect((await builder.call('inbox', { show: 'skipped' })).text).toContain('our own message to the user')
    await end()
  })

  test('says how many there are as far as it counts', async () => {
    const { builder, builderId, end } = await scene()
    builder.ledger.of(builderId).storePage(entries(200), undefined, 1)
    const { text } = await builder.call('inbox')
    expect(text).toStartWith('at least 200 messages:\n')
    expect(text).toMatch(
      /… and at least 150 older ones: call again with after \S+, or oldest_first for the other end\.$/,
    )
    await end()
  })

  test('lists no more messages at once than fit into memory, and says how many are left', async () => {
    const { builder, builderId, end } = await scene()
    const content = JSON.stringify({ ...MESSAGE, text: 'z'.repeat(3_000_000) })
    builder.ledger.of(builderId).storePage(
      entries(5, () => ({ content })),
      undefined,
      1,
    )
    const { text } = await builder.call('inbox')
    expect(ids(text)).toHaveLength(3)
    expect(text).toMatch(
      /… and 2 older ones: call again with after \S+, or oldest_first for the other end\.$/,
    )
    await end()
  })

  test('names an unknown id, and still marks the known ones', async () => {
    const { builder, builderId, fromPerson, end } = await scene()
    await fromPerson('hello')
    await builder.receive(builderId)
    const [known = ''] = ids((await builder.call('inbox')).text)
    const outcome = await builder.call('inbox', { mark_done: [known, 'nonsense'] })
    expect(outcome.isError).toBeUndefined()
    expect((await builder.call('inbox', { mark_done: ['nonsense'] })).isError).toBeTrue()
    expect(outcome.text).toContain('1 message marked as done; unknown here: nonsense')
    expect((await builder.call('inbox')).text).toBe('Nothing is unanswered.')
    await end()
  })
})
