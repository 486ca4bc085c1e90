/**
 * Who holds a lock, written down for people, and to see whether the holder still runs. Only the lock itself decides who
 * holds it, and nothing signals the process that the record names.
 */
import { lstatSync, readFileSync, readlinkSync, rmSync, utimesSync } from 'node:fs'
import { hostname } from 'node:os'
import { readRegularFile, replaceFile } from './regular-file.ts'

export interface Holder {
  readonly pid: number
  /** Milliseconds since the epoch: when the process started, or, in the record of a workspace, when it took the lock. */
  readonly startedAt: number
  /** The folder the session works in, to help people find it. */
  readonly project: string
  /** Where the pid names this process: which machine, since which start, and which container. */
  readonly pidSpace?: string | undefined
}

/** The {@link Holder.pidSpace} of this process. */
export function pidSpace(): string {
  const read = (of: () => string): string => {
    try {
      return of().trim()
    } catch {
      // No /proc on this system: the name of the machine must do.
      return ''
    }
  }
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))
  return [hostname(), boot, read(() => readlinkSync('/proc/self/ns/pid'))].join(' ').trim()
}

/** "the session with pid 7 (/home/ada)", not cleaned: a folder can have any name. */
export function describeHolder(holder: Holder | undefined): string {
  if (holder === undefined) return 'another session'
  return `the session with pid ${holder.pid} (${holder.project || 'unknown folder'})`
}

/** Writes the record, if it can: the lock does not depend on it. */
export function writePidFile(path: string, holder: Holder): void {
  try {
    replaceFile(path, pidFileText(holder))
  } catch {
    // A folder in its place, or a read-only or full disk: the record is a courtesy.
  }
}

/** Shows that the holder runs, if the record is still ours. */
export function touchPidFile(path: string, holder: Holder, now: number): void {
  try {
    if (readRegularFile(path) === pidFileText(holder)) utimesSync(path, now / 1000, now / 1000)
  } catch {
    // Never written, or a read-only disk: as in `writePidFile`.
  }
}

/** When the holder last showed that it runs, by its own clock; undefined when there is no record. */
export function touchedAt(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs
}

/** Removes the record if it is still ours. */
export function removePidFile(path: string, holder: Holder): void {
  try {
    if (readRegularFile(path) === pidFileText(holder)) rmSync(path)
  } catch {
    // Already gone, or never written.
  }
}

/** The record, which may be out of date; undefined when there is none that can be read. */
export function readPidFile(path: string): Holder | undefined {
  try {
    const [pid = '', startedAt = '', project = '', space = ''] = readRegularFile(path).split('\n')
    const holder = {
      pid: Number(pid),
      startedAt: Date.parse(startedAt),
      project,
      ...(space === '' ? {} : { pidSpace: space }),
    }
    return Number.isSafeInteger(holder.pid) && holder.pid > 0 && Number.isFinite(holder.startedAt)
      ? holder
      : undefined
  } catch {
    // No record, or an unreadable one.
    return undefined
  }
}

function pidFileText({ pid, startedAt, project, pidSpace: space = '' }: Holder): string {
  const lines = [String(pid), new Date(startedAt).toISOString(), project, ...(space === '' ? [] : [space])]
  return `${lines.map((line) => line.replaceAll('\n', ' ')).join('\n')}\n`
}
