/** What the kernel knows of a process. Linux only: elsewhere a figure is undefined. */
import { readdirSync, readFileSync } from 'node:fs'

/** Bytes of memory that a process has in use, pages shared with others included. */
export function residentBytes(pid: number): number | undefined {
  return readKilobytes(`/proc/${pid}/smaps_rollup`, 'Rss')
}

/** Bytes of memory, each shared page divided by the number of those who share it. */
export function proportionalBytes(pid: number): number | undefined {
  return readKilobytes(`/proc/${pid}/smaps_rollup`, 'Pss')
}

/** Nanoseconds for which all threads of a process have run. */
export function cpuNanoseconds(pid: number): number | undefined {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`)
    return tasks
      .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]))
      .reduce((sum, ns) => sum + ns, 0)
  } catch {
    // No such file system here, or a thread that ended between the two calls.
    return undefined
  }
}

function readKilobytes(path: string, field: string): number | undefined {
  try {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    // No such file system here.
    return undefined
  }
}
