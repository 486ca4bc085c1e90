/** The processes above this one: their command lines show how the host was started. */
import { readFileSync } from 'node:fs'
import { isHost } from './host-command.ts'

const MAX_ANCESTORS = 6

interface ProcessRow {
  readonly pid: number
  readonly command: readonly string[]
  readonly parent: number | undefined
}

/**
 * Reads the command lines of a process and its parents from `/proc`, or from `ps` where there is none. Takes up to two
 * seconds for each process that `ps` has to find.
 *
 * @param pid where to begin, by default the parent of this process.
 * @returns nearest first; empty when none can be read.
 */
export function readAncestors(pid: number = process.ppid): readonly (readonly string[])[] {
  return walk(pid).flatMap(({ command }) => (command.length === 0 ? [] : [command]))
}

/**
 * The ids of the processes that may be the host: the one that started this one, and the nearest above it that looks like a
 * host, since a wrapper may stand between the two. Takes as long as {@link readAncestors}.
 */
export function readHostPids(pid: number = process.ppid): readonly number[] {
  return [
    pid,
    ...walk(pid)
      .flatMap((row) => (isHost(row.command) ? [row.pid] : []))
      .slice(0, 1),
  ]
}

function walk(pid: number): readonly ProcessRow[] {
  const rows: ProcessRow[] = []
  let next: number | undefined = pid
  while (next !== undefined && next > 1 && rows.length < MAX_ANCESTORS) {
    const row: ProcessRow | undefined = readFromProc(next) ?? readFromPs(next)
    if (row === undefined) break
    rows.push(row)
    next = row.parent
  }
  return rows
}

function readFromProc(pid: number): ProcessRow | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .filter((word) => word !== '')
    const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return { pid, command, parent: parent === undefined ? undefined : Number(parent) }
  } catch {
    // No /proc here, or the process is gone. The caller tries ps next, and without that there is no evidence.
    return undefined
  }
}

function readFromPs(pid: number): ProcessRow | undefined {
  if (process.platform === 'win32') return undefined
  try {
    const { stdout, success } = Bun.spawnSync(['ps', '-o', 'ppid=,args=', '-p', String(pid)], {
      env: process.env,
      timeout: 2_000,
    })
    const [, parent, command] = /^\s*(\d+)\s+(.*)$/s.exec(stdout.toString().trim()) ?? []
    if (!success || parent === undefined || command === undefined) return undefined
    return { pid, command: command.split(/\s+/), parent: Number(parent) }
  } catch {
    // No ps either: no evidence.
    return undefined
  }
}
