/** What agents ask the platform to remember: for themselves, their team or everyone (contract: memories). */
import { newUuid } from '../base/random.ts'
import { redactSecrets } from '../contract/redaction.ts'
import type { StoreContext } from './context.ts'

export interface MemoryRow {
  readonly id: string
  readonly workspace_id: string
  readonly content: string
  readonly scope: string
  readonly namespace: string
  readonly created_at: string
}

/** The workspace that reads. A root has no parent; its own id stands in, which matches nothing further. */
interface Reader {
  readonly id: string
  readonly parentId: string | null | undefined
}

interface Filter {
  readonly scope: string | undefined
  readonly text: string | undefined
  readonly namespace: string | undefined
  readonly limit: number
}

const PAGE = 50

const OWN = 'm.workspace_id = $reader'
/** Everyone's GLOBAL rows, and the TEAM rows of siblings, parent and children. */
const OF_OTHERS = [
  "m.scope = 'GLOBAL' AND m.workspace_id <> $reader",
  `m.scope = 'TEAM' AND m.workspace_id <> $reader AND EXISTS (
    SELECT 1 FROM workspaces w WHERE w.id = m.workspace_id AND w.status <> 'removed'
    AND (w.parent_id = $parent OR w.id = $parent OR w.parent_id = $reader))`,
]
const FILTER = '($scope IS NULL OR m.scope = $scope) AND ($namespace IS NULL OR m.namespace = $namespace)'

type Values = Readonly<Record<string, string | number | null>>

export class Memories {
  readonly #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  /** Stores a memory without its secrets. Returns its id. */
  add(memory: Pick<MemoryRow, 'workspace_id' | 'content' | 'scope' | 'namespace'>): string {
    const { database, random, timestamps } = this.#context
    const id = newUuid(random)
    database
      .query(
        'INSERT INTO memories (id, workspace_id, content, scope, namespace, created_at) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(
        id,
        memory.workspace_id,
        storedContent(memory.content, memory.scope),
        memory.scope,
        memory.namespace,
        timestamps.now(),
      )
    return id
  }

  /** Everything the reader may read, newest first. */
  readable(reader: Reader): readonly MemoryRow[] {
    return this.#newest(reader, [OWN, ...OF_OTHERS], { limit: PAGE })
  }

  /** What matches a filter: the best match first when it has a text, and otherwise the newest. */
  search(reader: Reader, filter: Filter): readonly MemoryRow[] {
    const terms = searchTerms(filter.text)
    if (filter.text !== undefined && terms === '') return []
    const own = filter.scope === undefined || filter.scope === 'LOCAL'
    const limit = Math.min(filter.limit || PAGE, PAGE)
    if (terms === '') return this.#newest(reader, own ? [OWN] : [OWN, ...OF_OTHERS], { ...filter, limit })
    return this.#context.database
      .query<MemoryRow, [Values]>(
        `SELECT m.* FROM memory_text t JOIN memories m ON m.position = t.rowid
         WHERE (${own ? OWN : [OWN, ...OF_OTHERS].join(' OR ')}) AND ${FILTER} AND memory_text MATCH $terms
         ORDER BY t.rank LIMIT $limit`,
      )
      .all({ ...valuesOf(reader, { ...filter, limit }), terms })
  }

  /** Each part is read from its newest row, and no further than to the limit. */
  #newest(reader: Reader, parts: readonly string[], filter: Partial<Filter> & { limit: number }) {
    const newest = parts.map(
      (part) =>
        `SELECT * FROM (SELECT m.* FROM memories m WHERE ${part} AND ${FILTER} ORDER BY m.position DESC LIMIT $limit)`,
    )
    return this.#context.database
      .query<MemoryRow, [Values]>(`${newest.join(' UNION ALL ')} ORDER BY position DESC LIMIT $limit`)
      .all(valuesOf(reader, filter))
  }

  /** False when the workspace has no such memory. */
  delete(workspaceId: string, id: string): boolean {
    return (
      this.#context.database
        .query('DELETE FROM memories WHERE id = ? AND workspace_id = ?')
        .run(id, workspaceId).changes > 0
    )
  }
}

/** Reading wraps a GLOBAL memory in `[MEMORY …]`, so its own text must not open such a bracket. */
function storedContent(content: string, scope: string): string {
  const safe = redactSecrets(content)
  return scope === 'GLOBAL' ? safe.replaceAll('[MEMORY ', '[_MEMORY ') : safe
}

/** Quotes every word, so that nothing in a query is search syntax. */
function searchTerms(text: string | undefined): string {
  return (text?.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).map((word) => `"${word}"`).join(' ')
}

function valuesOf(
  { id, parentId }: Reader,
  { scope, namespace, limit }: Partial<Filter> & { limit: number },
): Values {
  return { reader: id, parent: parentId ?? id, scope: scope ?? null, namespace: namespace ?? null, limit }
}
