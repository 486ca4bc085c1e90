/**
 * Who holds a lock, written down for people, and to see whether the holder is stopped. Only the lock itself decides who
 * holds it, and nothing signals the process that the record names.
 */
import { rmSync } from 'node:fs'
import { readRegularFile, replaceFile } from './regular-file.ts'

export interface Holder {
  readonly pid: number
  /** Milliseconds since the epoch: when the process started, or, in the record of a workspace, when it took the lock. */
  readonly startedAt: number
  /** The folder the session works in, to help people find it. */
  readonly project: string
}

/** Writes the record, if it can: the lock does not depend on it. */
export function writePidFile(path: string, holder: Holder): void {
  try {
    replaceFile(path, pidFileText(holder))
  } catch {
    // A folder in its place, or a read-only or full disk: the record is a courtesy.
  }
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
    const [pid = '', startedAt = '', ...project] = readRegularFile(path).split('\n')
    const holder = { pid: Number(pid), startedAt: Date.parse(startedAt), project: project.join(' ').trim() }
    return Number.isSafeInteger(holder.pid) && holder.pid > 0 && Number.isFinite(holder.startedAt)
      ? holder
      : undefined
  } catch {
    // No record, or an unreadable one.
    return undefined
  }
}

function pidFileText({ pid, startedAt, project }: Holder): string {
  return `${pid}\n${new Date(startedAt).toISOString()}\n${project}\n`
}
