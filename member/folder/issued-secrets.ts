/** Secrets that a platform issued to a workspace of ours. Kept because they are issued once; printed nowhere. */
import { z } from 'zod'
import { readRegularFile, replaceFile } from './regular-file.ts'

const entrySchema = z.object({ authToken: z.string(), inboundSecret: z.string() }).partial()
/** One entry that was damaged costs that entry, not the others. */
const fileSchema = z.record(z.string(), entrySchema.catch({}))

export type IssuedEntry = z.infer<typeof entrySchema>

/**
 * Adds what was issued to a workspace, replacing what is there of the same kind. The file is written beside and
 * renamed, mode 0600 from its creation.
 *
 * @throws the file system's error.
 */
export function storeIssued(path: string, workspaceId: string, issued: IssuedEntry): void {
  const all = readAll(path)
  const merged = { ...all[workspaceId], ...issued }
  if (JSON.stringify(merged) === JSON.stringify(all[workspaceId])) return
  replaceFile(path, `${JSON.stringify({ ...all, [workspaceId]: merged }, null, 1)}\n`)
}

/** What was issued to a workspace; empty when nothing was, or the file cannot be read. */
export function readIssued(path: string, workspaceId: string): IssuedEntry {
  return readAll(path)[workspaceId] ?? {}
}

function readAll(path: string): Record<string, IssuedEntry> {
  try {
    return fileSchema.parse(JSON.parse(readRegularFile(path)))
  } catch {
    // No file, or one that was damaged: the next registration issues anew what is needed.
    return {}
  }
}
