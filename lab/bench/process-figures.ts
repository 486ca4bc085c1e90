/** What the kernel knows of a process. Linux only: elsewhere a figure is undefined. */
import { readFileSync } from 'node:fs'

/** Bytes of memory that a process has in use, pages shared with others included. */
export function residentBytes(pid: number): number | undefined {
  return readKilobytes(`/proc/${pid}/smaps_rollup`, 'Rss')
}

/** The most bytes of memory that a process has had in use since it began, shared pages included. */
export function peakBytes(pid: number): number | undefined {
  return readKilobytes(`/proc/${pid}/status`, 'VmHWM')
}

/** Bytes of memory, each shared page divided by the number of those who share it. */
export function proportionalBytes(pid: number): number | undefined {
  return readKilobytes(`/proc/${pid}/smaps_rollup`, 'Pss')
}

/** Linux counts processor time for programs in hundredths of a second, whatever its clock does. */
const TICK_MS = 10

/** Milliseconds for which all threads of a process have run, those that have ended included. */
export function cpuMilliseconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Counted from behind the name, which may hold spaces: the 12th and 13th field are user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    // No such file system here.
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
