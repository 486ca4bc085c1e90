import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { lockPaths } from '../../../member/folder/lock.ts'
import { FIRST, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000
const REPLACED = 'the state folder was replaced; the session starts over in the new one'

function begin(): { scene: SessionScene; process: SceneProcess } {
  const scene = new SessionScene()
  const process = scene.start()
  scene.pass(10_000)
  return { scene, process }
}

test('a state folder that a tool opens, after the session could not, is used like any other', () => {
  using scene = new SessionScene()
  scene.isFull = true
  const process = scene.start()
  scene.pass(2_000)
  expect(process.call('inbox')).toContain('The state folder cannot be used')
  scene.isFull = false
  // Begins to open it; the session's own next try comes later.
  process.begin('inbox', {})
  scene.pass(10_000)
  const { id } = scene.first.feed.add()
  scene.pass(10_000)
  expect([process.holds(FIRST), process.shown]).toEqual([true, [id]])
})

describe('a state folder that was replaced', () => {
  test('makes everything start over in the new one', () => {
    const { scene, process } = begin()
    using _ = scene
    const { folder, locks, ledger } = scene.paths
    renameSync(folder, `${folder}-old`)
    mkdirSync(folder, { mode: 0o700 })
    scene.configure()
    scene.pass(5_000)
    expect(process.said(REPLACED)).toHaveLength(1)
    expect(readFileSync(lockPaths(locks, FIRST).holder, 'utf8')).toStartWith(`${process.pid}\n`)
    const { id } = scene.first.feed.add()
    scene.pass(10_000)
    expect(process.shown).toEqual([id])
    using db = new Database(ledger, { readonly: true })
    expect(db.query('SELECT activity_id, state FROM message').all()).toEqual([
      { activity_id: id, state: 'sent' },
    ])
    expect(readFileSync(scene.paths.logFile, 'utf8')).toContain(REPLACED)
  })

  test('counts as replaced when only its ledger was deleted', () => {
    const { scene, process } = begin()
    using _ = scene
    for (const end of ['', '-wal', '-shm']) rmSync(`${scene.paths.ledger}${end}`, { force: true })
    scene.pass(MINUTE_MS)
    expect(process.said(REPLACED)).toHaveLength(1)
    const { id } = scene.first.feed.add()
    scene.pass(10_000)
    expect(process.shown).toEqual([id])
  })

  test('is noticed by a lock that no other process sees, so that two sessions never hold one workspace', () => {
    const { scene, process } = begin()
    using _ = scene
    rmSync(lockPaths(scene.paths.locks, FIRST).lock)
    const other = scene.start()
    scene.pass(5_000)
    expect([process.said(REPLACED).length, process.said('a lock was replaced').length]).toEqual([0, 1])
    expect(process.status).toContain(`the session with pid ${other.pid}`)
    expect(scene.first.records.registrations.map((one) => one.process)).toEqual([1, 2])
  })
})

test('a ledger that is damaged is set aside, and reading continues in a new one', () => {
  const { scene, process } = begin()
  using _ = scene
  damage(scene.paths.ledger)
  scene.pass(MINUTE_MS)
  expect(process.said(REPLACED)).toEqual([])
  expect(process.said('damaged').length).toBeGreaterThan(0)
  const { id } = scene.first.feed.add()
  scene.pass(MINUTE_MS)
  expect(process.shown).toEqual([id])
})

describe('a state folder that cannot be used', () => {
  function blocked(): { scene: SessionScene; process: SceneProcess } {
    const scene = new SessionScene()
    writeFileSync(scene.paths.locks, '')
    const process = scene.start()
    scene.pass(MINUTE_MS)
    return { scene, process }
  }

  test('is logged once and named by status and by a claim, and tools still work', () => {
    const { scene, process } = blocked()
    using _ = scene
    const problem = `the state folder ${scene.paths.folder} cannot be used: `
    expect(process.said(problem)).toHaveLength(1)
    expect(process.status).toContain(`problem: ${problem}`)
    expect(process.status).toContain('receiving: no, the state folder cannot be used')
    expect(process.call('claim_channel')).toContain(`Nothing can be received: ${problem}`)
    expect(process.call('list_peers')).toContain('A peer')
    expect([scene.sent('register'), scene.sent('activity')]).toEqual([[], []])
  })

  test('is opened by a claim, which waits for that', () => {
    const { scene, process } = blocked()
    using _ = scene
    rmSync(scene.paths.locks)
    const begun = scene.clock.now()
    expect(process.call('claim_channel')).toBe(`This session receives for workspace ${FIRST}.`)
    expect(scene.clock.now() - begun).toBeLessThan(1_000)
  })

  test('is used as soon as it can be', () => {
    const { scene, process } = blocked()
    using _ = scene
    rmSync(scene.paths.locks)
    scene.pass(5_000)
    expect(process.holds(FIRST)).toBe(true)
    expect(process.status).not.toContain('problem: ')
    scene.pass(MINUTE_MS)
    expect(scene.first.records.registrations).toHaveLength(1)
    expect(process.said('the configuration changed')).toEqual([])
  })
})

test('a state folder that cannot be used for a while is reported once, and used again when it can be', () => {
  const { scene, process } = begin()
  using _ = scene
  const { folder } = scene.paths
  renameSync(folder, `${folder}.away`)
  writeFileSync(folder, '')
  scene.pass(MINUTE_MS)
  expect(process.said(REPLACED)).toHaveLength(1)
  expect(process.said('cannot be used')).toHaveLength(1)
  rmSync(folder)
  renameSync(`${folder}.away`, folder)
  const { id } = scene.first.feed.add()
  scene.pass(20_000)
  expect(process.shown).toEqual([id])
  expect(process.said(REPLACED)).toHaveLength(1)
})

/** Overwrites the first page within a transaction, which makes others read all pages anew after it. */
function damage(path: string): void {
  using ledger = new Database(path)
  ledger.run('PRAGMA wal_checkpoint(TRUNCATE)')
  const overwrite = ledger.transaction(() => {
    ledger.run('UPDATE cursor SET checked_at = checked_at')
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(4_096, 0xa5))
    closeSync(file)
  })
  overwrite.immediate()
}

test('the log is kept in the state folder from the beginning', () => {
  const { scene, process } = begin()
  using _ = scene
  const file = readFileSync(scene.paths.logFile, 'utf8')
  for (const line of process.log) expect(file).toContain(line)
  expect(process.log.length).toBeGreaterThan(0)
})
