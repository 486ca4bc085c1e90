/** A small file that a command line names: a file, or a pipe, as that of a shell's `<(…)`. */
import { closeSync, openSync, readSync } from 'node:fs'

const MAX_BYTES = 64 * 1024

/**
 * Reads no more than that: a device such as /dev/zero has no end, and no size that would say so.
 *
 * @returns undefined when it is larger.
 * @throws the file system's error.
 */
export function readGivenFile(path: string): string | undefined {
  const handle = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(MAX_BYTES + 1)
    let end = 0
    for (let read = -1; read !== 0 && end < bytes.length; end += read) {
      read = readSync(handle, bytes, end, bytes.length - end, null)
    }
    return end > MAX_BYTES ? undefined : bytes.toString('utf8', 0, end)
  } finally {
    closeSync(handle)
  }
}
