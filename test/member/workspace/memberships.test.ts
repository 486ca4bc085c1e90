import { expect, test } from 'bun:test'
import { systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { PlatformClient } from '../../../member/client/client.ts'
import { ClaimFile } from '../../../member/folder/claim.ts'
import { HolderWatch } from '../../../member/folder/holder-watch.ts'
import { isHeld, lockPaths } from '../../../member/folder/lock.ts'
import { Log } from '../../../member/folder/log.ts'
import { ensureStateFolder, statePaths } from '../../../member/folder/state-folder.ts'
import { Memberships } from '../../../member/workspace/memberships.ts'
import { CONFIG, fetchOf, WORKSPACE } from '../../fixtures/workspace.ts'

test('a workspace that a fault in the plugin stops is logged as an error, given up, and left to other sessions', async () => {
  using folder = temporaryFolder()
  const paths = statePaths(folder.path)
  ensureStateFolder(paths)
  const clock = new SimClock()
  const network = fetchOf(() => Promise.reject(new TypeError('no network')))
  const lines: string[] = []
  const running = new AbortController()
  const memberships = new Memberships(
    {
      clock,
      network,
      disk: systemDisk,
      log: new Log({ clock, level: 'error', write: (line) => lines.push(line) }),
      paths,
      holder: { pid: 1, startedAt: 0, project: '/project' },
      session: 'ours',
      version: '0',
      clientOf: (target) => new PlatformClient(target, { network, clock }),
      holders: new HolderWatch(clock, {}, () => undefined),
    },
    CONFIG,
    openLedger(),
    running.signal,
  )
  memberships.find(WORKSPACE)?.workspace.events.on('held', () => {
    throw new Error('a fault')
  })
  memberships.start()
  await Bun.sleep(0)
  const reason = 'a fault in the plugin stopped it: a fault'
  expect(lines).toEqual([`molecule channel: workspace ${WORKSPACE} is given up: ${reason}`])
  expect(memberships.find(WORKSPACE)?.report()).toMatchObject({ held: false, dead: reason })
  expect(isHeld(lockPaths(paths.locks, WORKSPACE).lock, systemDisk)).toBe(false)
  memberships.stop()
  running.abort()
})

test('a session that takes long to give a workspace back shows that it runs, so that nobody takes the lock from it', () => {
  using folder = temporaryFolder()
  const paths = statePaths(folder.path)
  ensureStateFolder(paths)
  const clock = new SimClock()
  const LINGER_MS = 8_000
  const lingering = (_: unknown, init?: RequestInit): Promise<Response> =>
    new Promise((_, reject) => {
      const end = (): void => void clock.after(LINGER_MS, () => reject(init?.signal?.reason))
      init?.signal?.addEventListener('abort', end, { once: true })
    })
  const network = Object.assign(lingering, { preconnect: () => {} })
  const running = new AbortController()
  const holder = { pid: 1, startedAt: 0, project: '/project', pidSpace: 'here' }
  const other = new HolderWatch(clock, holder, () => undefined)
  const memberships = new Memberships(
    {
      clock,
      network,
      disk: systemDisk,
      log: new Log({ clock, write: () => {} }),
      paths,
      holder,
      session: 'ours',
      version: '0',
      clientOf: (target) => new PlatformClient(target, { network, clock }),
      holders: new HolderWatch(clock, holder, () => undefined),
    },
    CONFIG,
    openLedger(),
    running.signal,
  )
  memberships.start()
  clock.runUntil(clock.now() + 5_000)
  const { claim, holder: record, lock } = lockPaths(paths.locks, WORKSPACE)
  new ClaimFile(claim).write({ session: 'other', pid: 2, project: '/other', at: clock.now() })
  const open = other.openClaim(record)
  clock.runUntil(clock.now() + LINGER_MS)
  expect([memberships.held(), isHeld(lock, systemDisk), other.maySeize(record, open)]).toEqual([
    [],
    true,
    false,
  ])
  clock.runUntil(clock.now() + 1_500)
  expect(isHeld(lock, systemDisk)).toBe(false)
  memberships.stop()
  running.abort()
})
