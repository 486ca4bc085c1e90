/** What the kernel reports about a process. Linux only: elsewhere, and for a process that is gone, undefined. */
import { readdirSync, readFileSync } from 'node:fs'

/** Linux reports processor time in hundredths of a second, whatever its own tick. */
const TICK_MS = 10

/** Bytes of memory in use, shared pages included. */
export function residentBytes(pid: number): number | undefined {
  return readKilobytes(`/proc/${pid}/smaps_rollup`, 'Rss')
}

/** The most bytes of memory ever in use, shared pages included. */
export function peakBytes(pid: number): number | undefined {
  return readKilobytes(`/proc/${pid}/status`, 'VmHWM')
}

/** Bytes of memory in use, each shared page divided by the number of processes that share it. */
export function proportionalBytes(pid: number): number | undefined {
  return readKilobytes(`/proc/${pid}/smaps_rollup`, 'Pss')
}

/** Milliseconds that all threads have run, ended ones included. */
export function cpuMilliseconds(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // Counted from after the name, which may contain spaces: fields 12 and 13 are user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

export function openHandles(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    // No /proc, or no such process.
    return undefined
  }
}

function readKilobytes(path: string, field: string): number | undefined {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readText(path) ?? '')?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // No /proc, or no such process.
    return undefined
  }
}
