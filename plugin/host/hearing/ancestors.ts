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
 * A process and its parents, nearest first, from `/proc`, or from `ps` where there is none. Read once, when first asked for:
 * `ps` takes up to two seconds for each of them.
 */
export class Ancestors {
  readonly #pid: number
  #rows: readonly ProcessRow[] | undefined

  /** @param pid where to begin, by default the parent of this process. */
  constructor(pid: number = process.ppid) {
    this.#pid = pid
  }

  /** Their command lines; empty when none can be read. */
  readonly commands = (): readonly (readonly string[])[] =>
    this.#read().flatMap(({ command }) => (command.length === 0 ? [] : [command]))

  /**
   * The ids of those that may be the host: the one that started this process, and the nearest above it that looks like a host,
   * since a wrapper may stand between the two.
   */
  readonly hostPids = (): readonly number[] => {
    const host = this.#read().find(({ command }) => isHost(command))
    return host === undefined ? [this.#pid] : [this.#pid, host.pid]
  }

  #read(): readonly ProcessRow[] {
    this.#rows ??= walk(this.#pid)
    return this.#rows
  }
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
