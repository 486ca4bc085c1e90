/** Finds, watches and ends processes of this machine. */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessRow {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** Every running process, as `ps` shows it; zombies are left out. */
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

/** The children of a process, their children and so on, nearest first. */
export function descendants(pid: number, table = processTable()): readonly ProcessRow[] {
  const children = table.filter(({ parent }) => parent === pid)
  return [...children, ...children.flatMap((child) => descendants(child.pid, table))]
}

/** Every other process that has this folder in its command line or environment; undefined without /proc. */
export function processesOf(folder: string): readonly number[] | undefined {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(Number)
      .filter((pid) => ['cmdline', 'environ'].some((file) => readOf(pid, file).includes(folder)))
  } catch {
    // No /proc on this system.
    return undefined
  }
}

/** Whether a process runs. A zombie does not, even if its parent never collects it. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    // ESRCH: no such process.
    return false
  }
  if (process.platform !== 'linux') return true
  // The state follows the name, which may contain anything.
  const [state] = readOf(pid, 'stat').replace(/^.*\) /s, '')
  return state !== undefined && state !== 'Z'
}

/** Ends a process at once, if it still runs. */
export function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended already.
  }
}

function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // It has just gone, or belongs to another user.
    return ''
  }
}

/** Whether a process group with this id has a process left. */
export function isGroup(id: number): boolean {
  try {
    return process.kill(-id, 0)
  } catch {
    return false
  }
}
