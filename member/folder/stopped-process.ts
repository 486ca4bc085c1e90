/**
 * Whether a session is stopped, as by Ctrl-Z. A stopped process keeps its locks while nothing in it runs, so it neither
 * receives nor notices a claim.
 */
import { readFileSync } from 'node:fs'

/** What is stopped: the plugin's own process, or only the host that reads its pipe. */
export type Stopped = 'plugin' | 'host'

interface ProcessRow {
  readonly isStopped: boolean
  readonly parent: number
}

/**
 * Reads the state of a process and its parent from `/proc`, or from `ps` where there is none.
 *
 * @param pid of a plugin. One in another container may name a different process here, or none.
 * @returns undefined while both run, and when that cannot be told.
 */
export function stoppedOf(pid: number): Stopped | undefined {
  const plugin = readRow(pid)
  if (plugin === undefined) return undefined
  if (plugin.isStopped) return 'plugin'
  return plugin.parent > 1 && readRow(plugin.parent)?.isStopped === true ? 'host' : undefined
}

function readRow(pid: number): ProcessRow | undefined {
  return process.platform === 'linux' ? readFromProc(pid) : readFromPs(pid)
}

function readFromProc(pid: number): ProcessRow | undefined {
  try {
    // After the name, which is in parentheses and may contain anything: state, then the parent's pid.
    const [state = '', parent = ''] =
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return rowOf(state, parent)
  } catch {
    // The process is gone, or hidden from this user: nothing is known about it.
    return undefined
  }
}

function readFromPs(pid: number): ProcessRow | undefined {
  if (process.platform === 'win32') return undefined
  try {
    const { stdout, success } = Bun.spawnSync(['ps', '-o', 'stat=,ppid=', '-p', String(pid)], {
      env: process.env,
      timeout: 2_000,
    })
    const [state = '', parent = ''] = stdout.toString().trim().split(/\s+/)
    return success ? rowOf(state, parent) : undefined
  } catch {
    // No ps either: nothing is known.
    return undefined
  }
}

function rowOf(state: string, parent: string): ProcessRow {
  return { isStopped: state.startsWith('T'), parent: Number(parent) || 0 }
}
