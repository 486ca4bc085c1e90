/** The platform's memory: facts that a workspace writes down and finds again, for itself, its team, or everyone. */
import { z } from 'zod'
import { type PlatformClient, workspacePath } from './client.ts'

export const SCOPES = ['LOCAL', 'TEAM', 'GLOBAL'] as const
export type MemoryScope = (typeof SCOPES)[number]

const text = z.string().nullish().catch(null)
const memorySchema = z.object({ id: z.string(), content: z.string(), scope: text, created_at: text })
export type Memory = z.infer<typeof memorySchema>

/**
 * Writes a memory. Never repeated: the call carries no key by which a second copy could be known.
 *
 * @returns its id.
 * @throws PlatformError
 */
export async function commitMemory(
  client: PlatformClient,
  content: string,
  scope: MemoryScope,
  signal?: AbortSignal,
): Promise<string> {
  const { id } = await client.json(
    {
      path: workspacePath(client.endpoint.workspaceId, '/memories'),
      body: { content, scope },
      ...(signal === undefined ? {} : { signal }),
    },
    z.object({ id: z.string() }),
  )
  return id
}

/**
 * Reads memories, newest first. Some platforms ignore the filters, so they are applied here as well; a word search
 * that the platform ranks (by `q`) is only narrowed where the platform left rows in that hold none of the words.
 *
 * @throws PlatformError
 */
export async function recallMemories(
  client: PlatformClient,
  query: string | undefined,
  scope: MemoryScope | undefined,
  signal?: AbortSignal,
): Promise<readonly Memory[]> {
  const rows = await client.json(
    {
      path: workspacePath(client.endpoint.workspaceId, '/memories'),
      query: { q: query, scope, limit: 50 },
      attempts: 3,
      ...(signal === undefined ? {} : { signal }),
    },
    z.array(z.unknown()),
  )
  const words = (query ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  return rows.flatMap((row) => {
    const memory = memorySchema.safeParse(row)
    if (!memory.success) return []
    const { content, scope: at } = memory.data
    if (scope !== undefined && at != null && at !== scope) return []
    const lower = content.toLowerCase()
    return words.length > 0 && !words.some((word) => lower.includes(word)) ? [] : [memory.data]
  })
}

/** What a platform puts in the place of text that looks like a secret. */
const REDACTED = /\[REDACTED:[A-Z_]+\]/

/**
 * Whether the platform put marks into a memory that it was not given: text that looked like a secret, or merely a
 * long path or hash, is gone.
 */
export function wasRedacted(given: string, stored: string): boolean {
  return REDACTED.test(stored) && !REDACTED.test(given)
}
