/** What the system tells of processes. Linux only: elsewhere a figure is undefined. */
import { readdirSync, readFileSync } from 'node:fs'
import { mebibytes } from '../bench/line.ts'
import { residentBytes } from '../bench/process-figures.ts'

/** Memory and open handles of a process, as one cell of the table. */
export function figures(pid: number | undefined): string {
  const bytes = pid === undefined ? undefined : residentBytes(pid)
  const handles = pid === undefined ? undefined : openHandles(pid)
  if (bytes === undefined || handles === undefined) return 'not known here'
  return `${mebibytes(bytes)}, ${handles} handles`
}

function openHandles(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    // No such file system here, or no such process.
    return undefined
  }
}

/** Processes, besides this one, that were started with this folder in their command line or environment. */
export function processesOf(folder: string): readonly number[] | undefined {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(Number)
      .filter((pid) => ['cmdline', 'environ'].some((file) => readOf(pid, file).includes(folder)))
  } catch {
    // No such file system here.
    return undefined
  }
}

function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // Gone meanwhile, or another user's.
    return ''
  }
}
