/** What waits to be read: the outlet is told of it, and opens for a call. */
import { expect, test } from 'bun:test'
import { DIGEST_AFTER_MS, MAX_EVENTS } from '../../../../member/ledger/loop-guard.ts'
import type { ChannelEvent } from '../../../../plugin/host/event/notification.ts'
import type { Outlet } from '../../../../plugin/host/event/outlet.ts'
import { indented } from '../../../../plugin/host/text/clean-text.ts'
import { entry, MESSAGE } from '../../../fixtures/entries.ts'
import { A, Scene } from './delivery-scene.ts'

const PEER = '11111111-1111-4111-8111-111111111111'
const MAX_CHARS = 24_000

function readingScene() {
  const room = { isOpen: false, announced: 0, events: [] as ChannelEvent[] }
  const outlet: Outlet = {
    maxChars: MAX_CHARS,
    announce: () => {
      room.announced++
    },
    open: () =>
      room.isOpen ? { fits: () => true, write: async (event) => void room.events.push(event) } : undefined,
  }
  return { room, scene: new Scene({ outlet }) }
}

/** Of one peer, all at once. */
const flood = (count: number, text: string, now: number) =>
  Array.from({ length: count }, () =>
    entry({
      peerId: PEER,
      createdAt: new Date(now).toISOString(),
      content: JSON.stringify({ ...MESSAGE, kind: 'peer_agent', peerId: PEER, text }),
    }),
  )

test('what was announced and is not read costs nothing more, a digest that is due included', async () => {
  const { room, scene } = readingScene()
  using _ = scene
  await scene.add(A, flood(MAX_EVENTS + 5, 'hello', scene.clock.now()))
  await scene.clock.advance(2 * DIGEST_AFTER_MS)
  const before = room.announced
  await scene.clock.advance(60 * DIGEST_AFTER_MS)
  expect(room.announced).toBe(before)
})

test('a digest takes no more room than a message, whatever it quotes, and leaves the others to the next', async () => {
  const { room, scene } = readingScene()
  using _ = scene
  room.isOpen = true
  await scene.add(A, flood(MAX_EVENTS + 50, '\n'.repeat(500), scene.clock.now()))
  await scene.clock.advance(10 * DIGEST_AFTER_MS)
  const digests = room.events.filter(({ meta }) => meta.digest_count !== undefined)
  for (const { content } of digests) expect(indented(content).length).toBeLessThanOrEqual(MAX_CHARS)
  expect(digests.reduce((sum, { meta }) => sum + Number(meta.digest_count), 0)).toBe(50)
  expect(scene.ledger.inbox.counts(A)).toEqual({ sent: MAX_EVENTS + 50 })
})
