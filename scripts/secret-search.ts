/** Finds texts in the files below a folder, without reading large files into memory. */

import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../base/errors.ts'

export interface Finding {
  readonly path: string
  /** Offset in bytes. */
  readonly at: number
}

const CHUNK_BYTES = 1024 * 1024

/** The first of the texts in each file that contains any. Follows no links and opens no pipes. */
export function searchFolder(folder: string, needles: readonly string[]): readonly Finding[] {
  // Level by level: a recursive listing in Bun follows links.
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return searchFolder(path, needles)
    return entry.isFile() ? searchFile(path, needles) : []
  })
}

function searchFile(path: string, needles: readonly string[]): readonly Finding[] {
  const overlap = Math.max(...needles.flatMap(spellings).map(({ byteLength }) => byteLength)) - 1
  const buffer = Buffer.alloc(CHUNK_BYTES + overlap)
  const handle = openIfThere(path)
  if (handle === undefined) return []
  try {
    for (let [start, kept] = [0, 0]; ; ) {
      const read = readSync(handle, buffer, kept, CHUNK_BYTES, start + kept)
      const found = firstIn(buffer.subarray(0, kept + read), needles)
      if (found !== undefined) return [{ path, at: start + found }]
      if (read === 0) return []
      // The end is searched again with what follows, since a text may continue there.
      const next = Math.min(overlap, kept + read)
      buffer.copyWithin(0, kept + read - next, kept + read)
      start += kept + read - next
      kept = next
    }
  } finally {
    closeSync(handle)
  }
}

/** Undefined for a file that a running process has just removed. */
function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whether a text contains one of the needles, plain or in base64. */
export function holdsAny(text: string, needles: readonly string[]): boolean {
  return firstIn(Buffer.from(text, 'utf8'), needles) !== undefined
}

function firstIn(bytes: Buffer, needles: readonly string[]): number | undefined {
  return needles
    .flatMap(spellings)
    .map((spelling) => bytes.indexOf(spelling))
    .find((at) => at >= 0)
}

/** A needle itself, and what it becomes inside base64, which depends on how many bytes precede it. */
function spellings(needle: string): readonly Buffer[] {
  const inBase64 = [0, 1, 2].flatMap((before) =>
    (['base64', 'base64url'] as const).map((encoding) => {
      const encoded = Buffer.from(`${' '.repeat(before)}${needle}`)
        .toString(encoding)
        .replace(/=+$/, '')
      // The characters at both ends depend on other bytes too.
      return encoded.slice(before === 0 ? 0 : before + 1, -1)
    }),
  )
  return [needle, ...inBase64].map((text) => Buffer.from(text))
}
