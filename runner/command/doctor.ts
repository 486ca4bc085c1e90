/** `molecule connect doctor`: checks one by one what serving a workspace needs, and says what to do. Changes nothing. */
import { mkdtempSync, rmdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { describeError } from '../../base/errors.ts'
import type { Disk } from '../../base/sqlite.ts'
import { fetchPage } from '../../member/client/activity.ts'
import type { PlatformClient } from '../../member/client/client.ts'
import { PlatformError } from '../../member/client/errors.ts'
import { lookUpWorkspace } from '../../member/client/workspace.ts'
import { exists } from '../../member/folder/file-stat.ts'
import { readPidFile } from '../../member/folder/holder-record.ts'
import { isHeld, lockPaths } from '../../member/folder/lock.ts'
import type { StatePaths } from '../../member/folder/state-folder.ts'
import type { Target } from '../../member/settings/config.ts'

export interface Finding {
  readonly verdict: 'OK' | 'WARN' | 'FAIL'
  readonly sentence: string
}

export interface DoctorPlace {
  readonly paths: StatePaths
  readonly disk: Disk
  readonly clientOf: (target: Target) => PlatformClient
  /** Or what is wrong with the settings. */
  readonly targets: readonly Target[] | { readonly problem: string }
  readonly warnings: readonly string[]
  /** Builds the backend and closes it again. Rejects with the sentence about what is wrong. */
  readonly tryBackend: () => Promise<string>
}

/** Never rejects with anything but an unforeseen error. */
export async function diagnose(place: DoctorPlace): Promise<readonly Finding[]> {
  const { targets } = place
  const found: Finding[] = [folder(place.paths)]
  if ('problem' in targets)
    found.push(...targets.problem.split('\n').map((problem) => fail(`settings: ${problem}`)))
  else found.push(ok(`settings: ${targets.map(({ workspaceId }) => workspaceId).join(', ')}`))
  found.push(...place.warnings.map((warning) => warn(`settings: ${warning}`)))
  found.push(await attempt('backend', place.tryBackend))
  if ('problem' in targets) return found
  for (const target of targets) found.push(...(await workspace(place, target)))
  return found
}

/** One line each, ready to print. Pure. */
export function findingLines(findings: readonly Finding[]): string {
  return findings.map(({ verdict, sentence }) => `${verdict.padEnd(4)}  ${sentence}`).join('\n')
}

const ok = (sentence: string): Finding => ({ verdict: 'OK', sentence })
const warn = (sentence: string): Finding => ({ verdict: 'WARN', sentence })
const fail = (sentence: string): Finding => ({ verdict: 'FAIL', sentence })

function folder({ folder: path }: StatePaths): Finding {
  let place = path
  while (!exists(place) && dirname(place) !== place) place = dirname(place)
  try {
    // A permission says less than the attempt: a file system can be read-only or full.
    rmdirSync(mkdtempSync(join(place, '.molecule-')))
  } catch (error) {
    return fail(
      `state folder: ${path} cannot be written (${describeError(error)}): name another one with --state-dir.`,
    )
  }
  return ok(`state folder: ${path}${place === path ? '' : ', which the first start creates'}`)
}

async function attempt(what: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return ok(`${what}: ${await work()}`)
  } catch (error) {
    return fail(`${what}: ${describeError(error)}`)
  }
}

/** What is wrong with the platform makes the rest unknown. */
async function workspace(place: DoctorPlace, target: Target): Promise<readonly Finding[]> {
  const { workspaceId, platformUrl } = target
  const client = place.clientOf(target)
  const health = await attempt('platform', async () => {
    await client.json({ path: '/health', attempts: 2 }, z.unknown())
    return `${platformUrl} answers`
  })
  if (health.verdict === 'FAIL') return [health]
  return [health, await existence(client), await token(client), holder(place, workspaceId)]
}

async function existence(client: PlatformClient): Promise<Finding> {
  const what = `workspace ${client.endpoint.workspaceId}`
  try {
    const found = await lookUpWorkspace(client)
    if (found.state !== 'present') return fail(`${what}: ${found.message}`)
    const { status, name } = found.info
    if (status === 'paused') return warn(`${what}: is paused on the platform: resume it there.`)
    return ok(`${what}: ${name ?? 'without a name'}, ${status ?? 'of unknown status'}`)
  } catch (error) {
    // Some platforms do not show a workspace to everyone.
    if (error instanceof PlatformError && error.kind !== 'retry') {
      return warn(`${what}: the platform does not say whether it exists (${describeError(error)}).`)
    }
    return fail(`${what}: ${describeError(error)}`)
  }
}

/** By a look at the feed: it needs the token and changes nothing, not even presence. */
async function token(client: PlatformClient): Promise<Finding> {
  try {
    await fetchPage(client, { limit: 1 })
    return ok('token: accepted')
  } catch (error) {
    const remedy =
      error instanceof PlatformError && error.kind === 'gone' ? ' Create a new one on the platform.' : ''
    return fail(`token: ${describeError(error)}.${remedy}`)
  }
}

function holder({ paths, disk }: DoctorPlace, workspaceId: string): Finding {
  const { lock, holder: record } = lockPaths(paths.locks, workspaceId)
  if (!exists(lock) || !isHeld(lock, disk)) return ok('lock: free')
  const known = readPidFile(record)
  const who = known === undefined ? 'another process' : `pid ${known.pid} (${known.project})`
  return warn(`lock: held by ${who}: end that one before you start another.`)
}
