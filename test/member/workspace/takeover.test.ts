import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { FIRST, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000

describe('taking a workspace over', () => {
  test('waits for a disk that is full, and says so once', () => {
    using scene = new SessionScene()
    const earlier = scene.start()
    scene.pass(1_000)
    const { id } = scene.first.feed.add()
    scene.until('the event', () => earlier.shown.length > 0)
    const standby = scene.start()
    scene.isFull = true
    earlier.kill()
    scene.pass(MINUTE_MS)
    expect(standby.said('cannot use its ledger: database or disk is full')).toHaveLength(1)
    expect(standby.status).toContain('last error: cannot use its ledger')
    expect(scene.requests.filter(({ process }) => process === 2)).toEqual([])
    expect(standby.shown).toEqual([])
    scene.answer = () => new Promise(() => {})
    scene.isFull = false
    expect(scene.until('the repeat', () => standby.shown.length > 0)).toBeLessThan(700)
    expect(standby.shown).toEqual([id])
    expect(standby.status).not.toContain('last error')
  })

  test('that waits for the disk is the reason why a claim fails', () => {
    using scene = new SessionScene()
    const holder = scene.start()
    scene.pass(1_000)
    const standby = scene.start()
    scene.pass(1_000)
    scene.isFull = true
    holder.kill()
    scene.pass(1_000)
    expect(standby.call('claim_channel')).toContain('cannot use its ledger: database or disk is full')
  })

  test('presumes shown what the model of a host without hooks must have seen, and logs how much', () => {
    using scene = new SessionScene()
    const earlier = scene.start(HOSTS.withoutHooks)
    scene.pass(1_000)
    scene.first.feed.add()
    scene.pass(10_000)
    const { id } = scene.first.feed.add()
    scene.pass(10_000)
    earlier.call('reply_to_workspace', { activity_id: id, text: 'done' })
    expect(['sends ', 'keeps ', 'takes '].flatMap((verb) => earlier.said(verb))).toEqual([])
    earlier.kill()
    const later = scene.start()
    scene.pass(MINUTE_MS)
    expect(later.said('presumes 1 message shown: ')).toHaveLength(1)
    expect(later.shown).toEqual([])
    scene.first.feed.add()
    scene.pass(10_000)
    expect(later.events[0]?.inbox_unconfirmed).toBe('1')
  })

  test('presumes nothing from an answer to a message that the model knows from inbox', () => {
    using scene = new SessionScene()
    const earlier = scene.start(HOSTS.withoutHooks)
    scene.pass(1_000)
    const first = scene.first.feed.add()
    scene.pass(10_000)
    const { id } = scene.first.feed.add()
    scene.pass(10_000)
    earlier.call('inbox')
    earlier.call('reply_to_workspace', { activity_id: id, text: 'done' })
    earlier.kill()
    const later = scene.start()
    scene.pass(MINUTE_MS)
    expect(later.shown).toEqual([first.id])
  })

  test('repeats a message three times at most, and then tells the next session of it', () => {
    using scene = new SessionScene()
    scene.first.feed.add()
    for (let n = 0; n < 3; n++) {
      const process = scene.start()
      scene.pass(10_000)
      expect(process.shown).toHaveLength(1)
      // Its host listens, as the receipt of another event shows.
      process.session.submitted({ workspaceId: FIRST, activityId: 'another' })
      scene.pass(0)
      process.kill()
    }
    const last = scene.start()
    scene.pass(10_000)
    expect(last.said('keeps 1 message sent before and never confirmed')).toHaveLength(1)
    for (let n = 0; n < 2; n++) scene.first.feed.add()
    scene.pass(10_000)
    expect(last.events.map(({ inbox_unconfirmed }) => inbox_unconfirmed)).toEqual(['1', undefined])
  })

  test('begins where the first session began, even if the power fails right after its first look', () => {
    using scene = new SessionScene()
    for (let n = 0; n < 3; n++) scene.first.feed.add()
    const earlier = scene.start()
    scene.until('the first page', () => scene.storage.hasCursor(FIRST))
    earlier.kill()
    // Nothing is left of the log but what was flushed.
    scene.storage.cut(() => 0)
    expect(scene.storage.hasCursor(FIRST)).toBe(true)
  })

  test('keeps where an earlier session began, even if that session died before it could flush it', () => {
    using scene = new SessionScene()
    scene.answer = () => new Promise(() => {})
    const earlier = scene.start()
    scene.pass(1_000)
    // Opening the ledger flushes it, too: only a session that waits already has to do it when it takes over.
    const later = scene.start()
    scene.pass(1_000)
    using db = new Database(scene.paths.ledger)
    db.run(
      "INSERT INTO cursor (workspace_id, activity_id, created_at, floor, checked_at) VALUES (?, NULL, '', '', ?)",
      [FIRST, scene.clock.now()],
    )
    earlier.kill()
    scene.pass(5_000)
    later.kill()
    scene.storage.cut(() => 0)
    expect(scene.storage.hasCursor(FIRST)).toBe(true)
  })
})
