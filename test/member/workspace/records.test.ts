import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { lockPaths } from '../../../member/folder/lock.ts'
import { FIRST, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000
const holderOf = (scene: SessionScene, id: string = FIRST): string => lockPaths(scene.paths.locks, id).holder
const SECRET = 'an-inbound-secret-of-the-platform'

const record = (pid: number): string => `${pid}\n2026-01-01T00:00:00Z\n/somewhere\n`

/** What may be in place of the pid file. */
const FINDS: readonly (readonly [string, (path: string) => void])[] = [
  ['the first process', (path) => writeFileSync(path, record(1))],
  ['our parent', (path) => writeFileSync(path, record(process.ppid))],
  ['every process', (path) => writeFileSync(path, record(-1))],
  ['our group', (path) => writeFileSync(path, record(0))],
  ['nobody', (path) => writeFileSync(path, record(2 ** 30))],
  ['garbage', (path) => writeFileSync(path, Buffer.alloc(5_000, 0xa5))],
  ['nothing', (path) => writeFileSync(path, '')],
  // A link to itself, since file modes do not bind everyone.
  ['a file that cannot be read', (path) => symlinkSync(path, path)],
  ['a folder', (path) => mkdirSync(path)],
]

describe('the records of holders', () => {
  test.each([...FINDS])('prevent no start, whatever is in their place: %s', (_, put) => {
    using scene = new SessionScene()
    mkdirSync(scene.paths.locks, { recursive: true, mode: 0o700 })
    put(scene.paths.pidFile)
    put(holderOf(scene))
    const process = scene.start()
    scene.first.feed.add()
    scene.until('the message', () => process.shown.length > 0)
    expect(process.status).toContain('receiving: yes')
    process.stop()
    expect(scene.faults).toEqual([])
  })

  test('are there while it holds, and gone at its end', () => {
    using scene = new SessionScene()
    const process = scene.launch()
    const launchedAt = new Date(scene.clock.now()).toISOString()
    scene.pass(5_000)
    const heldAt = new Date(scene.clock.now()).toISOString()
    process.activate()
    scene.pass(5_000)
    expect(readFileSync(scene.paths.pidFile, 'utf8')).toBe(`${process.pid}\n${launchedAt}\n/project\nhere\n`)
    expect(readFileSync(holderOf(scene), 'utf8')).toBe(`${process.pid}\n${heldAt}\n/project\nhere\n`)
    expect(process.status).toContain(`held here since ${heldAt}`)
    process.stop()
    expect([existsSync(scene.paths.pidFile), existsSync(holderOf(scene))]).toEqual([false, false])
  })

  test('are removed with each workspace that is given away, and the pid with the last', () => {
    using scene = new SessionScene()
    scene.found(SECOND)
    scene.configure()
    const process = scene.start()
    scene.pass(5_000)
    const pids: unknown[] = []
    for (const id of [FIRST, SECOND]) {
      const claim = { session: 'other', pid: 7, project: '/other', at: scene.clock.now() }
      writeFileSync(lockPaths(scene.paths.locks, id).claim, JSON.stringify(claim))
      scene.pass(2_000)
      pids.push([existsSync(holderOf(scene, id)), existsSync(scene.paths.pidFile)])
    }
    expect(pids).toEqual([
      [false, true],
      [false, false],
    ])
    expect(process.holds(FIRST)).toBe(false)
  })

  test('of somebody else are left alone', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(5_000)
    const other = '7\n2026-07-01T00:00:00.000Z\n/other\n'
    for (const path of [scene.paths.pidFile, holderOf(scene)]) writeFileSync(path, other)
    process.stop()
    for (const path of [scene.paths.pidFile, holderOf(scene)]) expect(readFileSync(path, 'utf8')).toBe(other)
  })

  test('of a session that took over stay when the earlier one ends', () => {
    using scene = new SessionScene()
    const earlier = scene.start()
    scene.pass(5_000)
    const later = scene.start()
    later.call('claim_channel')
    scene.pass(2_000)
    earlier.stop()
    expect(readFileSync(scene.paths.pidFile, 'utf8')).toStartWith(`${later.pid}\n`)
    expect(readFileSync(holderOf(scene), 'utf8')).toStartWith(`${later.pid}\n`)
  })

  test('are written by a standby only once it holds', () => {
    using scene = new SessionScene()
    const holder = scene.start()
    scene.pass(5_000)
    const before = readFileSync(scene.paths.pidFile, 'utf8')
    const standby = scene.start()
    scene.pass(MINUTE_MS)
    expect(readFileSync(scene.paths.pidFile, 'utf8')).toBe(before)
    expect(standby.said('is received here')).toEqual([])
    expect(holder.said(`workspace ${FIRST} is received here`)).toHaveLength(1)
  })
})

describe('secrets that a platform issues', () => {
  const quoting = ({ route }: { readonly route: unknown }): Response | undefined =>
    route === 'activity' ? jsonResponse(500, { error: `it was ${SECRET}` }) : undefined

  test('by registering are kept in a file of their own, and out of the log', () => {
    using scene = new SessionScene({ inboundSecret: SECRET })
    const process = scene.start()
    scene.pass(5_000)
    const kept: unknown = JSON.parse(readFileSync(scene.paths.secrets, 'utf8'))
    expect(kept).toEqual({ [FIRST]: { inboundSecret: SECRET } })
    expect(statSync(scene.paths.secrets).mode & 0o777).toBe(0o600)
    scene.answer = quoting
    scene.pass(MINUTE_MS)
    expect(process.said('it was ').length).toBeGreaterThan(0)
    expect([process.said(SECRET), process.status.includes(SECRET)]).toEqual([[], false])
  })

  test('by heartbeats are kept, too', () => {
    using scene = new SessionScene({ inboundSecret: SECRET })
    scene.configure({ MOLECULE_AUTO_REGISTER_POLL: 'false' })
    scene.start()
    scene.pass(5_000)
    expect(existsSync(scene.paths.secrets)).toBe(false)
    scene.pass(MINUTE_MS)
    expect(readFileSync(scene.paths.secrets, 'utf8')).toContain(SECRET)
  })

  test('to an earlier session stay out of the log of a later one', () => {
    using scene = new SessionScene({ inboundSecret: SECRET })
    const earlier = scene.start()
    scene.pass(5_000)
    earlier.stop()
    scene.answer = (request) =>
      request.route === 'register' ? jsonResponse(500, { error: `it was ${SECRET}` }) : quoting(request)
    const later = scene.start()
    scene.pass(MINUTE_MS)
    expect(later.said('cannot register (attempt 1): ')).toEqual([expect.stringContaining('it was ')])
    expect(later.said(SECRET)).toEqual([])
  })

  test('that cannot be kept are reported, and hidden all the same', () => {
    using scene = new SessionScene({ inboundSecret: SECRET })
    mkdirSync(scene.paths.secrets)
    const process = scene.start()
    scene.pass(5_000)
    expect(process.said('cannot store the secrets the platform issued: ')).toHaveLength(1)
    scene.answer = quoting
    scene.pass(MINUTE_MS)
    expect(process.said(SECRET)).toEqual([])
    expect(scene.first.records.heartbeats.length).toBeGreaterThan(0)
  })

  test('cause no write when there are none', () => {
    using scene = new SessionScene()
    mkdirSync(scene.paths.secrets)
    const process = scene.start()
    scene.pass(MINUTE_MS)
    expect(process.said('cannot store')).toEqual([])
  })
})
