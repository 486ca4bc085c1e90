import { describe, expect, test } from 'bun:test'
import { FIRST, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000

const readsOf = (scene: SessionScene): number => scene.sent('activity').length

describe('back-pressure', () => {
  test('leaves the feed of a workspace unread while 500 messages wait, and of no other', () => {
    using scene = new SessionScene()
    scene.found(SECOND)
    scene.configure()
    const process = scene.start()
    scene.pass(1_000)
    process.host.freeze()
    for (let n = 0; n < 1_500; n++) scene.first.feed.add()
    scene.pass(MINUTE_MS)
    expect(scene.storage.waiting(FIRST)).toBeGreaterThanOrEqual(500)
    expect(scene.storage.waiting(FIRST)).toBeLessThan(1_000)
    const [first, second] = [FIRST, SECOND].map((id) => scene.sent('activity', id).length)
    scene.pass(MINUTE_MS)
    expect(scene.sent('activity', FIRST)).toHaveLength(first ?? 0)
    expect(scene.sent('activity', SECOND).length).toBeGreaterThan((second ?? 0) + 9)
  })

  test('ends as soon as one message fewer waits', () => {
    using scene = new SessionScene({}, { room: 1 })
    scene.start()
    scene.pass(1_000)
    for (let n = 0; n < 700; n++) scene.first.feed.add()
    scene.until('the feed to be left', () => scene.storage.waiting(FIRST) >= 500)
    const reads = readsOf(scene)
    scene.until('room', () => scene.storage.waiting(FIRST) < 500)
    // 10 ms is how closely this looks.
    expect(scene.until('the next page', () => readsOf(scene) > reads)).toBeLessThanOrEqual(10)
  })
})
