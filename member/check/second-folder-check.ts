/** Whether another state folder on this machine has the same workspace: each would get every message. */
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Disk } from '../../base/sqlite.ts'
import { readEnvFile } from '../folder/env-file.ts'
import { exists, identityOf } from '../folder/file-stat.ts'
import { isHeld, lockPaths } from '../folder/lock.ts'
import { statePaths } from '../folder/state-folder.ts'
import { parseConfig, type Target } from '../settings/config.ts'
import { type Check, fail, type Outcome, ok, warn } from './check.ts'

/** A workspace of ours in another folder. */
interface SecondFolder {
  readonly folder: string
  readonly workspaceId: string
  /** A process receives for it there. */
  readonly isHeld: boolean
}

export interface NeighbourPlaces {
  /** The state folder at hand. */
  readonly folder: string
  /** Folders whose folders may be state folders. */
  readonly parents: readonly string[]
  readonly disk: Disk
}

/** Far more than anybody has. */
const MAX_FOLDERS = 100

export function secondFolderCheck(places: NeighbourPlaces, targets: readonly Target[]): Check {
  return {
    name: 'one folder',
    needs: ['settings'],
    probe: () => judgeFolders(secondFolders(places, targets)),
  }
}

/** Pure. */
function judgeFolders(found: readonly SecondFolder[]): Outcome {
  const worst = found.find((one) => one.isHeld) ?? found[0]
  if (worst === undefined) return ok('no other state folder beside it has the same workspace')
  const { folder, workspaceId } = worst
  const remedy = `Use one of the two folders, or remove the workspace from ${join(folder, '.env')}`
  return worst.isHeld
    ? fail(
        `workspace ${workspaceId} is received for in ${folder}, too: both folders get every message`,
        remedy,
      )
    : warn(`workspace ${workspaceId} is configured in ${folder}, too`, remedy)
}

function secondFolders(
  { folder, parents, disk }: NeighbourPlaces,
  targets: readonly Target[],
): readonly SecondFolder[] {
  const own = new Set(targets.map(({ workspaceId }) => workspaceId))
  const others = new Set([dirname(folder), ...parents].flatMap(foldersIn))
  return [...others]
    .filter((other) => identityOf(other) !== identityOf(folder))
    .slice(0, MAX_FOLDERS)
    .flatMap((other) => {
      const file = readEnvFile(statePaths(other).envFile)
      return (file.state === 'read' ? idsIn(file.text) : [])
        .filter((id) => own.has(id))
        .map((workspaceId) => {
          const { lock } = lockPaths(statePaths(other).locks, workspaceId)
          return { folder: other, workspaceId, isHeld: exists(lock) && isHeld(lock, disk) }
        })
    })
}

function idsIn(text: string): readonly string[] {
  // Any home folder will do: nothing is looked up there.
  const result = parseConfig({}, text, '/')
  return result.ok ? result.config.targets.map(({ workspaceId }) => workspaceId) : []
}

/** The names of those that are configured. */
export function namesIn(parents: readonly string[]): readonly string[] {
  return parents.flatMap(foldersIn).map((folder) => basename(folder))
}

function foldersIn(parent: string): readonly string[] {
  try {
    return readdirSync(parent, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => join(parent, name))
      .filter((folder) => exists(join(folder, '.env')))
  } catch {
    // Not there, or not ours to list.
    return []
  }
}
