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

/** The reader's own rows, everyone's GLOBAL rows, and the TEAM rows of siblings, parent and children. */
const READABLE = `(m.workspace_id = ? OR m.scope = 'GLOBAL' OR (m.scope = 'TEAM' AND EXISTS (
  SELECT 1 FROM workspaces w WHERE w.id = m.workspace_id AND w.status <> 'removed'
  AND (w.parent_id = ? OR w.id = ? OR w.parent_id = ?))))`

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
    return this.#context.database
      .query<MemoryRow, string[]>(
        `SELECT m.* FROM memories m WHERE ${READABLE} ORDER BY m.position DESC LIMIT ${PAGE}`,
      )
      .all(...readerValues(reader))
  }

  /** What matches a filter: the best match first when it has a text, and otherwise the newest. */
  search(reader: Reader, filter: Filter): readonly MemoryRow[] {
    const terms = searchTerms(filter.text)
    if (filter.text !== undefined && terms === '') return []
    const own = filter.scope === undefined || filter.scope === 'LOCAL'
    const conditions = [own ? 'm.workspace_id = ?' : READABLE]
    const values: (string | number)[] = own ? [reader.id] : [...readerValues(reader)]
    const where = (condition: string, value: string): void => {
      conditions.push(condition)
      values.push(value)
    }
    if (filter.scope !== undefined) where('m.scope = ?', filter.scope)
    if (filter.namespace !== undefined) where('m.namespace = ?', filter.namespace)
    if (terms !== '') where('memory_text MATCH ?', terms)
    const source = terms === '' ? 'memories m' : 'memory_text t JOIN memories m ON m.position = t.rowid'
    const order = terms === '' ? 'm.position DESC' : 't.rank'
    return this.#context.database
      .query<MemoryRow, (string | number)[]>(
        `SELECT m.* FROM ${source} WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT ?`,
      )
      .all(...values, Math.min(filter.limit || PAGE, PAGE))
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

function readerValues({ id, parentId }: Reader): readonly string[] {
  const parent = parentId ?? id
  return [id, parent, parent, id]
}
