/** Secrets that a platform issued to our workspaces. Kept because it issues each once; never printed. */
import { z } from 'zod'
import { readRegularFile, replaceFile } from './regular-file.ts'

const entrySchema = z.object({ authToken: z.string(), inboundSecret: z.string() }).partial()
/** A damaged entry does not cost the others. */
const fileSchema = z.record(z.string(), entrySchema.catch({}))

export type IssuedEntry = z.infer<typeof entrySchema>

/**
 * Adds what was issued to a workspace, replacing earlier secrets of the same kind. The file is of mode 0600 from the
 * start.
 *
 * @throws the file system's error.
 */
export function storeIssued(path: string, workspaceId: string, issued: IssuedEntry): void {
  const all = readAll(path)
  const merged = { ...all[workspaceId], ...issued }
  if (JSON.stringify(merged) === JSON.stringify(all[workspaceId])) return
  replaceFile(path, `${JSON.stringify({ ...all, [workspaceId]: merged }, null, 1)}\n`)
}

/** What was issued to a workspace; empty if nothing was, or if the file cannot be read. */
export function readIssued(path: string, workspaceId: string): IssuedEntry {
  return readAll(path)[workspaceId] ?? {}
}

function readAll(path: string): Record<string, IssuedEntry> {
  try {
    return fileSchema.parse(JSON.parse(readRegularFile(path)))
  } catch {
    // No file, or a damaged one: the next registration issues what is needed again.
    return {}
  }
}
