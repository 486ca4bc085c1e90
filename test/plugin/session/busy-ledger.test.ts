/** Another process keeps the ledger to itself: nothing is lost, and nothing is done before it is recorded. */
import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { renameSync, writeFileSync } from 'node:fs'
import { FIRST, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const BUSY_MS = 8_000
const REMEDY = 'If it is a stopped session (Ctrl-Z), continue or end it'

function begin(): { scene: SessionScene; process: SceneProcess } {
  const scene = new SessionScene()
  const process = scene.start()
  scene.pass(10_000)
  return { scene, process }
}

test('what arrives is shown in order once the other process is done, and nothing before it is recorded', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.isBusy = true
  const ids = [1, 2, 3].map(() => scene.first.feed.add().id)
  scene.first.hint()
  scene.pass(BUSY_MS)
  expect([process.shown, scene.storage.records().size]).toEqual([[], 0])
  scene.isBusy = false
  scene.pass(20_000)
  expect(process.shown).toEqual(ids)
  expect(process.events.some(({ redelivered }) => redelivered === 'true')).toBeFalse()
  expect(process.said('pauses')).toEqual([])
})

test('what was shown meanwhile is recorded as sent afterwards', () => {
  const { scene, process } = begin()
  using _ = scene
  const { id } = scene.first.feed.add()
  process.host.freeze()
  scene.pass(20_000)
  scene.isBusy = true
  scene.pass(BUSY_MS)
  scene.isBusy = false
  scene.pass(20_000)
  expect(scene.storage.recordOf(FIRST, id)?.state).toMatch(/^sen/)
})

test('one that does not end is named, with what to do, and everything goes on when it does', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.first.feed.add()
  scene.isBusy = true
  scene.pass(60_000)
  expect(process.status).toContain(REMEDY)
  scene.isBusy = false
  scene.pass(60_000)
  expect(process.shown).toHaveLength(1)
  expect(process.status).not.toContain(REMEDY)
})

test('a message is marked as done by a call that waits for the other process', () => {
  const { scene, process } = begin()
  using _ = scene
  const { id } = scene.first.feed.add()
  scene.pass(20_000)
  scene.isBusy = true
  scene.clock.after(3_000, () => {
    scene.isBusy = false
  })
  expect(process.call('inbox', { mark_done: [id] })).toBe('1 message marked as done.')
  expect(scene.storage.recordOf(FIRST, id)?.state).toBe('answered')
})

test('a receipt that comes while the state folder is away is recorded when there is a ledger again', () => {
  const { scene, process } = begin()
  using _ = scene
  const { id } = scene.first.feed.add()
  scene.pass(20_000)
  const { folder } = scene.paths
  renameSync(folder, `${folder}-away`)
  writeFileSync(folder, 'in its place')
  scene.pass(5_000)
  expect(process.status).toContain(`the state folder ${folder} cannot be used`)
  process.session.submitted({ workspaceId: FIRST, activityId: id })
  scene.pass(5_000)
  renameSync(folder, `${folder}-file`)
  renameSync(`${folder}-away`, folder)
  scene.pass(5_000)
  using db = new Database(scene.paths.ledger, { readonly: true })
  expect(db.query('SELECT state FROM message').all()).toEqual([{ state: 'confirmed' }])
})
