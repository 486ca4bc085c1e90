/** The processes of this machine, as `ps` shows them. */
import { readFileSync } from 'node:fs'

export interface ProcessRow {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** All that run. What has ended and only waits to be collected by its parent is not among them. */
export function processTable(): readonly ProcessRow[] {
  const { stdout } = Bun.spawnSync(['ps', '-A', '-ww', '-o', 'pid=,ppid=,stat=,args='], { timeout: 5_000 })
  return stdout
    .toString()
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
      if (command === undefined || state === undefined || state.startsWith('Z')) return []
      return [{ pid: Number(pid), parent: Number(parent), command }]
    })
}

/** All that a process has started, and what those have started, nearest first. */
export function descendants(pid: number, table = processTable()): readonly ProcessRow[] {
  const children = table.filter(({ parent }) => parent === pid)
  return [...children, ...children.flatMap((child) => descendants(child.pid, table))]
}

/** Whether a process is there and not merely waiting to be collected by its parent, who may never do it. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    // ESRCH: there is no such process any more.
    return false
  }
  return process.platform !== 'linux' || !isZombie(pid)
}

function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    // It has just gone altogether.
    return true
  }
}

/** Ends a process at once, if it still runs. */
export function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended already, which is what was wanted.
  }
}
