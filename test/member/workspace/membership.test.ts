import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemDisk } from '../../../base/sqlite.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { PlatformClient } from '../../../member/client/client.ts'
import { ClaimFile } from '../../../member/folder/claim.ts'
import { HolderWatch } from '../../../member/folder/holder-watch.ts'
import { LockFile, lockPaths } from '../../../member/folder/lock.ts'
import { Membership } from '../../../member/workspace/membership.ts'
import { makeWorkspace, WORKSPACE } from '../../fixtures/workspace.ts'

/** A request that is called off takes this long to end. */
const LINGER_MS = 300

test('a workspace that is claimed is released only once everything in flight has ended', () => {
  const folder = mkdtempSync(join(tmpdir(), 'molecule-test-'))
  const { lock, claim, holder } = lockPaths(folder, WORKSPACE)
  const clock = new SimClock()
  const lingering = (_: unknown, init?: RequestInit): Promise<Response> =>
    new Promise((_, reject) => {
      const end = (): void => void clock.after(LINGER_MS, () => reject(init?.signal?.reason))
      init?.signal?.addEventListener('abort', end, { once: true })
    })
  const network = Object.assign(lingering, { preconnect: () => {} })
  const workspace = makeWorkspace({ clock })
  const client = new PlatformClient(workspace.client.endpoint, { network, clock })
  const claims = new ClaimFile(claim)
  const membership = new Membership(
    { ...workspace, network, client },
    {
      card: { name: '', description: '', version: '' },
      index: 0,
      takeRegistered: () => undefined,
      keepIssued: () => {},
      lock: new LockFile(lock, systemDisk),
      claims,
      claimant: { session: 'ours', pid: 1, project: '/project' },
      record: holder,
      holders: new HolderWatch(clock, {}, () => undefined),
    },
  )
  const other = new LockFile(lock, systemDisk)
  void membership.run()
  clock.runUntil(clock.now() + 1_000)
  expect(membership.held).toBe(true)
  claims.write({ session: 'other', pid: 2, project: '/other', at: clock.now() })
  membership.heedClaim()
  clock.runUntil(clock.now() + LINGER_MS - 1)
  expect([membership.held, other.tryTake().state]).toEqual([false, 'busy'])
  clock.runUntil(clock.now() + 1)
  expect(other.tryTake().state).toBe('held')
  other.close()
  rmSync(folder, { recursive: true })
})
