/** The platform's memory: facts that a workspace records for itself, its team or everyone. */
import { z } from 'zod'
import type { PlatformClient } from './client.ts'
import { optionalText } from './fields.ts'
import { fetchList, type List } from './list.ts'
import { workspacePath } from './workspace-path.ts'

export const SCOPES = ['LOCAL', 'TEAM', 'GLOBAL'] as const
export type MemoryScope = (typeof SCOPES)[number]

const memorySchema = z.object({
  id: z.string(),
  content: z.string(),
  scope: optionalText,
  created_at: optionalText,
})
export type Memory = z.infer<typeof memorySchema>

/**
 * Records a memory. Made once: without a key in the call, a repetition could not be told from a second memory.
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
      signal,
    },
    z.object({ id: z.string() }),
  )
  return id
}

/**
 * Reads memories, newest first. Some platforms ignore the filters, so they are applied here too. The platform's own word
 * search (`q`) decides the order; only rows with none of the words are dropped.
 *
 * @throws PlatformError
 */
export async function recallMemories(
  client: PlatformClient,
  query: string | undefined,
  scope: MemoryScope | undefined,
  signal?: AbortSignal,
): Promise<List<Memory>> {
  const { items, oversized } = await fetchList(
    client,
    {
      path: workspacePath(client.endpoint.workspaceId, '/memories'),
      query: { q: query, scope, limit: 50 },
      attempts: 3,
      signal,
    },
    memorySchema,
  )
  const words = (query ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const found = items.filter(({ content, scope: at }) => {
    if (scope !== undefined && at != null && at !== scope) return false
    const lower = content.toLowerCase()
    return words.length === 0 || words.some((word) => lower.includes(word))
  })
  return { items: found, oversized }
}

/** What a platform puts in place of text that looks like a secret. */
const REDACTED = /\[REDACTED:[A-Z_]+\]/

/**
 * Whether the platform redacted a memory: text that looked like a secret, and may have been just a long path or hash, is
 * lost.
 */
export function wasRedacted(given: string, stored: string): boolean {
  return REDACTED.test(stored) && !REDACTED.test(given)
}
