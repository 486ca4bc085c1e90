import { expect, test } from 'bun:test'
import { z } from 'zod'
import { openLedger } from '../../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../../lab/driver/temporary-folder.ts'
import { SimClock, settled } from '../../../../lab/simulation/sim-clock.ts'
import type { Entry, Ledger } from '../../../../member/ledger/ledger.ts'
import { DIGEST_AFTER_MS, MAX_EVENTS, MAX_EVENTS_OF_WORKER } from '../../../../member/ledger/loop-guard.ts'
import { DeliveryLine } from '../../../../plugin/host/event/delivery.ts'
import { channelOutlet } from '../../../../plugin/host/event/outlet.ts'
import { entry, MESSAGE } from '../../../fixtures/entries.ts'
import { recover } from '../../../fixtures/recover.ts'

const WORKSPACE = 'workspace-a'
const PEER = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-2222-4222-8222-222222222222'

const lineSchema = z.object({
  params: z.object({ content: z.string(), meta: z.record(z.string(), z.string()) }),
})

/** A peer's message, written `atMs` after `begin`. */
function from(peerId: string, text: string, atMs: number, begin: number): Entry {
  const createdAt = new Date(begin + atMs).toISOString()
  return entry({
    peerId,
    createdAt,
    content: JSON.stringify({ ...MESSAGE, kind: 'peer_agent', peerId, text }),
  })
}

function startLine(ledger: Ledger = openLedger()) {
  const clock = new SimClock()
  const stop = new AbortController()
  const events: z.infer<typeof lineSchema>['params'][] = []
  const logged: string[] = []
  const host = { isGone: false }
  const line = new DeliveryLine({
    ledger,
    outlet: channelOutlet({
      write: async (text) => {
        if (host.isGone) throw new Error('EPIPE')
        events.push(lineSchema.parse(JSON.parse(text)).params)
      },
      isHostStopped: () => false,
      clock,
    }),
    held: () => [WORKSPACE],
    onSent: () => {},
    signal: stop.signal,
    log: (text) => logged.push(text),
    clock,
  })
  void line.run()
  return {
    ledger,
    clock,
    events,
    logged,
    host,
    async arrive(...page: readonly Entry[]): Promise<void> {
      ledger.of(WORKSPACE).storePage(page, undefined, clock.now())
      line.notify()
      await settled()
    },
    [Symbol.dispose]: () => stop.abort(),
  }
}

const many = (count: number, peerId: string, begin: number, everyMs = 100): readonly Entry[] =>
  Array.from({ length: count }, (_, n) => from(peerId, `message ${n + 1}`, n * everyMs, begin))

test('what a peer writes beyond twenty messages a minute is held back for one digest a minute', async () => {
  using line = startLine()
  const begin = line.clock.now()
  await line.arrive(...many(25, PEER, begin))
  expect(line.events.map(({ content }) => content)).toEqual(
    Array.from({ length: MAX_EVENTS }, (_, n) => `message ${n + 1}`),
  )
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: 20, held: 5 })
  await line.clock.advance(DIGEST_AFTER_MS - 1)
  expect(line.events).toHaveLength(20)
  await line.clock.advance(1)
  expect(line.events).toHaveLength(21)
  const { content, meta } = line.events[20] ?? { content: '', meta: {} }
  expect(meta).toMatchObject({ kind: 'peer_agent', peer_id: PEER, digest_count: '5' })
  for (const n of [21, 22, 23, 24, 25]) expect(content).toContain(`message ${n}`)
  expect(content).toContain('stop answering')
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: 25 })
})

test('senders whom the platform does not tell apart are held back together, and the person it knows never is', async () => {
  using line = startLine()
  const begin = line.clock.now()
  const at = (n: number): string => new Date(begin + n).toISOString()
  const strangers = Array.from({ length: 30 }, (_, n) => entry({ crowd: 'external', createdAt: at(n) }))
  const person = Array.from({ length: 30 }, (_, n) => entry({ createdAt: at(n) }))
  await line.arrive(...strangers, ...person)
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: MAX_EVENTS + 30, held: 10 })
  await line.clock.advance(DIGEST_AFTER_MS)
  const digest = line.events.at(-1)
  expect(digest?.meta.digest_count).toBe('10')
  expect(digest?.content).toStartWith('Senders that the platform does not tell apart wrote faster')
  expect(digest?.content).toContain('inbox shows them in full.')
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: 60 })
})

test('neither other peers nor the person in the chat are held up by it', async () => {
  using line = startLine()
  const begin = line.clock.now()
  await line.arrive(...many(30, PEER, begin), from(OTHER, 'from the other', 4_000, begin))
  await line.arrive(...Array.from({ length: 40 }, () => entry()))
  expect(line.events.filter(({ content }) => content === 'from the other')).toHaveLength(1)
  expect(line.events.filter(({ content }) => content === 'hello')).toHaveLength(40)
})

test('what is held back is shown at once when so much waits that nobody’s messages are read', async () => {
  using line = startLine()
  const { throttled } = line.ledger
  await line.arrive(...many(25, PEER, line.clock.now()))
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: MAX_EVENTS, held: 5 })
  throttled.stopsReading = () => true
  await line.arrive(from(PEER, 'a long one', 3_000, line.clock.now()))
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: MAX_EVENTS + 6 })
  expect(line.events.at(-1)?.meta.digest_count).toBe('6')
})

test('a backlog of a quiet day is no burst: the platform’s time counts, not the time of arrival', async () => {
  using line = startLine()
  await line.arrive(...many(100, PEER, line.clock.now() - 3_600_000, 10_000))
  expect(line.events).toHaveLength(100)
})

test('a receipt for a digest confirms all its messages', async () => {
  using line = startLine()
  await line.arrive(...many(23, PEER, line.clock.now()))
  await line.clock.advance(DIGEST_AFTER_MS)
  const { activity_id = '' } = line.events[20]?.meta ?? {}
  line.ledger.markConfirmed(WORKSPACE, activity_id)
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: 20, confirmed: 3 })
})

test('a digest holds a bounded number of messages; the others follow one digest a minute, and count as shown only then', async () => {
  using line = startLine()
  await line.arrive(...many(200, PEER, line.clock.now(), 10))
  await line.clock.advance(DIGEST_AFTER_MS)
  const [digest] = line.events.slice(20)
  expect(line.events).toHaveLength(21)
  expect(digest?.meta).toMatchObject({ digest_count: '50' })
  expect(digest?.content).toContain('and 130 more: the next 50 in a minute, all of them in inbox')
  expect(digest?.meta.redelivered).toBeUndefined()
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: 70, held: 130 })
  line.ledger.markConfirmed(WORKSPACE, digest?.meta.activity_id ?? '')
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: 20, confirmed: 50, held: 130 })
  for (const held of [80, 30, undefined]) {
    await line.clock.advance(DIGEST_AFTER_MS - 1)
    const before = line.events.length
    await line.clock.advance(1)
    expect(line.events).toHaveLength(before + 1)
    expect(line.ledger.inbox.counts(WORKSPACE).held).toBe(held)
  }
  const shown = line.events.flatMap(({ content }) => content.match(/message \d+/g) ?? [])
  expect(shown).toEqual(Array.from({ length: 200 }, (_, n) => `message ${n + 1}`))
})

test('a peer’s later message does not overtake what is held of it', async () => {
  using line = startLine()
  await line.arrive(...many(100, PEER, line.clock.now(), 10))
  await line.clock.advance(DIGEST_AFTER_MS * 1.5)
  await line.arrive(from(PEER, 'the last', 0, line.clock.now()))
  await line.clock.advance(DIGEST_AFTER_MS)
  const texts = line.events.map(({ content }) => content)
  expect(texts.findIndex((text) => text.includes('message 100'))).toBe(21)
  expect(texts.findIndex((text) => text.includes('the last'))).toBe(21)
})

test('the next session sends an unconfirmed digest again, marked as redelivered', async () => {
  using folder = temporaryFolder()
  using first = startLine(openLedger(folder.file('ledger.db')))
  await first.arrive(...many(23, PEER, first.clock.now()))
  await first.clock.advance(DIGEST_AFTER_MS)
  expect(first.events[20]?.meta.redelivered).toBeUndefined()
  const ledger = openLedger(folder.file('ledger.db'))
  expect(recover(ledger.of(WORKSPACE), first.clock.now())).toMatchObject({ again: 23 })
  expect(ledger.inbox.counts(WORKSPACE)).toEqual({ received: 20, held: 3 })
  using second = startLine(ledger)
  await second.clock.advance(DIGEST_AFTER_MS)
  const digest = second.events.find(({ meta }) => meta.digest_count !== undefined)
  expect(digest?.meta).toMatchObject({ digest_count: '3', redelivered: 'true' })
})

test('naming the same task over and over does not get around it', async () => {
  using line = startLine()
  line.ledger.delegations.add(
    { id: 't', workspaceId: WORKSPACE, peerId: PEER, task: 'x', watched: false },
    line.clock.now(),
  )
  const named = { id: 't', by: 'peer', failed: false } as const
  await line.arrive(...many(40, PEER, line.clock.now()).map((row) => ({ ...row, task: named })))
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: 20, held: 20 })
})

test('a peer that works on a task of ours may report more, but not without a bound', async () => {
  using line = startLine()
  line.ledger.delegations.add(
    { id: 't', workspaceId: WORKSPACE, peerId: PEER, task: 'x', watched: true },
    line.clock.now(),
  )
  await line.arrive(...many(250, PEER, line.clock.now()))
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: MAX_EVENTS_OF_WORKER, held: 50 })
})

test('an answer in a digest keeps its kind and its task, and so does a digest of one task’s answers', async () => {
  using line = startLine()
  const begin = line.clock.now()
  for (const id of ['t', 'u']) {
    line.ledger.delegations.add(
      { id, workspaceId: WORKSPACE, peerId: PEER, task: 'x', watched: false },
      begin,
    )
    line.ledger.delegations.close(WORKSPACE, id, 'completed')
  }
  const about = (id: string) => ({ task: { id, by: 'peer', failed: false } as const })
  const rows = many(24, PEER, begin)
  await line.arrive(
    ...rows.map((row, n) => ({ ...row, ...(n === 20 ? about('t') : n > 21 ? about('u') : {}) })),
  )
  await line.clock.advance(DIGEST_AFTER_MS)
  const mixed = line.events[20]
  expect(mixed?.meta).toMatchObject({ kind: 'peer_agent', digest_count: '4' })
  expect(mixed?.meta.delegation_id).toBeUndefined()
  expect(mixed?.content).toContain(`[${rows[20]?.activityId}, delegation_result, delegation_id t] message 21`)
  expect(mixed?.content).toContain(`[${rows[21]?.activityId}] message 22`)
  const later = many(MAX_EVENTS + 2, PEER, line.clock.now())
  await line.arrive(...later.map((row) => ({ ...row, ...about('t') })))
  await line.clock.advance(DIGEST_AFTER_MS)
  expect(line.events.at(-1)?.meta).toMatchObject({
    kind: 'delegation_result',
    delegation_id: 't',
    digest_count: '2',
  })
})

test('a message that cannot be read back, or is only a file, does not block a digest', async () => {
  using line = startLine()
  const begin = line.clock.now()
  const file = { uri: 'platform-pending:x', name: 'plan.pdf', mimeType: 'application/pdf', size: 1 }
  const onlyFile = JSON.stringify({
    ...MESSAGE,
    kind: 'peer_agent',
    peerId: PEER,
    text: '',
    attachments: [file],
  })
  const rows = many(23, PEER, begin).map((row, n) =>
    n === 20 ? { ...row, content: 'garbage' } : n === 21 ? { ...row, content: onlyFile } : row,
  )
  await line.arrive(...rows)
  await line.clock.advance(DIGEST_AFTER_MS)
  expect(line.events[20]?.content).toContain('plan.pdf')
  expect(line.events[20]?.content).toContain('message 23')
  expect(line.ledger.inbox.counts(WORKSPACE)).toEqual({ sent: 22, skipped: 1 })
})

test('messages that can none of them be read back are skipped without a digest', async () => {
  using line = startLine()
  const rows = many(23, PEER, line.clock.now())
  await line.arrive(...rows.map((row, n) => (n < 20 ? row : { ...row, content: 'garbage' })))
  await line.clock.advance(DIGEST_AFTER_MS)
  expect([line.events.length, line.ledger.inbox.counts(WORKSPACE)]).toEqual([20, { sent: 20, skipped: 3 }])
  expect(line.logged.filter((text) => !text.includes('cannot be shown'))).toEqual([])
})

test('a host that does not take a digest ends delivery, and nothing overtakes the digest', async () => {
  using line = startLine()
  await line.arrive(...many(23, PEER, line.clock.now()))
  line.host.isGone = true
  await line.clock.advance(DIGEST_AFTER_MS)
  expect(line.logged).toEqual([expect.stringContaining('accepts no more')])
  line.host.isGone = false
  await line.arrive(entry())
  await line.clock.advance(60_000)
  expect(line.events).toHaveLength(20)
})

test('what was held back while the clock was ahead does not wait until the clock gets there again', async () => {
  using line = startLine()
  const page = many(23, PEER, line.clock.now())
  line.ledger.of(WORKSPACE).storePage(page, undefined, line.clock.now() + 30 * 24 * 60 * 60_000)
  await line.arrive(entry())
  await line.clock.advance(1_000)
  expect(line.events.filter(({ meta }) => meta.digest_count === '3')).toHaveLength(1)
})
