import { expect, test } from 'bun:test'
import { systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { PlatformClient } from '../../../member/client/client.ts'
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
      stoppedOf: () => undefined,
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
