/** The workspaces of the team: their place in the tree and what each last said about itself. */
import type { JsonObject } from '../base/json.ts'
import { newSecret, newUuid } from '../base/random.ts'
import { refuse } from '../base/response.ts'
import { wireTimestamp } from '../base/timestamp.ts'
import { canCommunicate, type ParentOf } from '../contract/hierarchy.ts'
import { LIVENESS_MS } from '../contract/status.ts'
import type { Status } from '../contract/statuses.ts'
import type { ContractRules } from '../contract/versions.ts'
import type { StoreContext } from './context.ts'

export interface WorkspaceRow {
  readonly id: string
  readonly name: string
  readonly role: string | null
  readonly parent_id: string | null
  readonly kind: string
  readonly runtime: string
  readonly status: Status
  readonly delivery_mode: string
  readonly url: string
  readonly agent_card: string | null
  readonly tier: number
  readonly active_tasks: number
  readonly max_concurrent_tasks: number
  readonly current_task: string
  readonly error_rate: number
  readonly sample_error: string
  readonly uptime_seconds: number
  readonly monthly_spend: number
  readonly runtime_state: string
  readonly manages_status: number
  readonly idle_timeout_seconds: number | null
  readonly inbound_secret: string
  readonly talk_to_user_enabled: number
  readonly last_heartbeat_at: string | null
  readonly last_outbound_at: string | null
  readonly last_register_failure_at: string | null
  readonly liveness_expires_at: string | null
  readonly removed_at: string | null
  readonly created_at: string
  readonly updated_at: string
}

interface NewWorkspace {
  readonly id?: string
  readonly name: string
  readonly role?: string
  readonly parentId?: string
  readonly runtime: string
  readonly status: Status
  readonly deliveryMode: string
  readonly url?: string
  readonly tier?: number
  readonly maxConcurrentTasks?: number
}

/** The columns a caller may set; a misspelt one does not compile. */
type WorkspaceChange = Partial<Omit<WorkspaceRow, 'id' | 'created_at' | 'updated_at' | 'inbound_secret'>>

export class Workspaces {
  readonly #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  find(id: string): WorkspaceRow | undefined {
    return (
      this.#context.database.query<WorkspaceRow, [string]>('SELECT * FROM workspaces WHERE id = ?').get(id) ??
      undefined
    )
  }

  /**
   * The workspace, unless it was removed.
   *
   * @throws Refusal 404
   */
  require(id: string): WorkspaceRow {
    const row = this.find(id)
    if (row === undefined || row.status === 'removed') throw refuse(404, 'workspace not found')
    return row
  }

  /** All that are not removed, oldest first. */
  list(): readonly WorkspaceRow[] {
    return this.#context.database
      .query<WorkspaceRow, []>("SELECT * FROM workspaces WHERE status <> 'removed' ORDER BY created_at, id")
      .all()
  }

  children(parentId: string | null): readonly WorkspaceRow[] {
    return this.#context.database
      .query<WorkspaceRow, [string | null]>(
        "SELECT * FROM workspaces WHERE parent_id IS ? AND status <> 'removed' ORDER BY created_at, id",
      )
      .all(parentId)
  }

  /**
   * Dates signs of life from a clock that has since been set back at the present: else an agent that is gone would count
   * as present until the clock has caught up.
   */
  bringToPresent(): void {
    const { database, timestamps } = this.#context
    const now = timestamps.now()
    database
      .query(
        `UPDATE workspaces SET last_heartbeat_at = ?, liveness_expires_at = min(liveness_expires_at, ?)
         WHERE last_heartbeat_at > ?`,
      )
      .run(now, timestamps.fromNow(LIVENESS_MS), now)
  }

  /** Online and degraded workspaces without a heartbeat since `timestamp`. */
  silentSince(timestamp: string): readonly WorkspaceRow[] {
    return this.#context.database
      .query<WorkspaceRow, [string]>(
        `SELECT * FROM workspaces WHERE status IN ('online', 'degraded') AND coalesce(last_heartbeat_at, updated_at) < ?`,
      )
      .all(timestamp)
  }

  /** Workspaces whose liveness key has expired. */
  expired(): readonly WorkspaceRow[] {
    const { database, timestamps } = this.#context
    return database
      .query<WorkspaceRow, [string]>('SELECT * FROM workspaces WHERE liveness_expires_at <= ?')
      .all(timestamps.now())
  }

  provisioning(): readonly WorkspaceRow[] {
    return this.#context.database
      .query<WorkspaceRow, []>("SELECT * FROM workspaces WHERE status = 'provisioning'")
      .all()
  }

  countByStatus(): readonly { readonly status: string; readonly count: number }[] {
    return this.#context.database
      .query<{ status: string; count: number }, []>(
        'SELECT status, count(*) AS count FROM workspaces GROUP BY status',
      )
      .all()
  }

  create(workspace: NewWorkspace): WorkspaceRow {
    const id = workspace.id ?? newUuid(this.#context.random)
    const now = this.#context.timestamps.now()
    this.#context.database
      .query(
        `INSERT INTO workspaces (id, name, role, parent_id, runtime, status, delivery_mode, url, tier, max_concurrent_tasks,
           inbound_secret, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id,
        this.#freeName(workspace.name, workspace.parentId ?? null),
        workspace.role ?? null,
        workspace.parentId ?? null,
        workspace.runtime,
        workspace.status,
        workspace.deliveryMode,
        workspace.url ?? '',
        workspace.tier ?? 1,
        workspace.maxConcurrentTasks ?? 1,
        newSecret(this.#context.random),
        now,
        now,
      )
    const created = this.find(id)
    if (created === undefined) throw new Error('the workspace just stored is missing')
    return created
  }

  update(id: string, change: WorkspaceChange): void {
    const columns = Object.keys(change)
    const assignments = [...columns, 'updated_at'].map((column) => `${column} = ?`).join(', ')
    this.#context.database
      .query<unknown, (string | number | null)[]>(`UPDATE workspaces SET ${assignments} WHERE id = ?`)
      .run(...Object.values(change), this.#context.timestamps.now(), id)
  }

  rename(id: string, name: string, role: string | null): void {
    const row = this.find(id)
    if (row === undefined) return
    this.update(id, { name: row.name === name ? name : this.#freeName(name, row.parent_id), role })
  }

  delete(id: string): void {
    this.#context.database.query('DELETE FROM workspaces WHERE id = ?').run(id)
  }

  readonly parentOf: ParentOf = (id) => {
    const row = this.#context.database
      .query<{ parent_id: string | null }, [string]>('SELECT parent_id FROM workspaces WHERE id = ?')
      .get(id)
    return row === null ? undefined : row.parent_id
  }

  mayTalk(caller: string, target: string): boolean {
    return canCommunicate(caller, target, this.parentOf, this.#context.faults.rules().unrelatedRootsMayTalk)
  }

  /** The workspace and all below it, itself first. A cycle in the file does no harm. */
  subtree(id: string): readonly WorkspaceRow[] {
    return this.#context.database
      .query<WorkspaceRow, [string]>(
        `WITH RECURSIVE below (id) AS (SELECT ? UNION SELECT w.id FROM workspaces w JOIN below b ON w.parent_id = b.id)
         SELECT w.* FROM below b CROSS JOIN workspaces w ON w.id = b.id WHERE w.status <> 'removed'`,
      )
      .all(id)
  }

  /** How many were registered without having been created, up to `limit`. */
  countUncreated(limit: number): number {
    const row = this.#context.database
      .query<{ count: number }, [number]>(
        `SELECT count(*) AS count FROM (SELECT 1 FROM workspaces INDEXED BY workspaces_uncreated
         WHERE name = id AND status <> 'removed' LIMIT ?)`,
      )
      .get(limit)
    return row?.count ?? 0
  }

  /** The second of a name under one parent becomes "name (2)" (contract: create a workspace). */
  #freeName(name: string, parentId: string | null): string {
    const taken = this.#context.database.query<{ id: string }, [string | null, string]>(
      "SELECT id FROM workspaces WHERE parent_id IS ? AND name = ? AND status <> 'removed'",
    )
    let candidate = name
    for (let copy = 2; taken.get(parentId, candidate) !== null; copy++) candidate = `${name} (${copy})`
    return candidate
  }
}

/** What the operator reads of a workspace in the list: with what its agent works on, and why it is degraded. */
export function listedWorkspace(row: WorkspaceRow, rules: ContractRules): JsonObject {
  return {
    ...publicWorkspace(row, rules),
    last_sample_error: row.sample_error,
    current_task: row.current_task,
  }
}

/** What anyone may read of a workspace: never its task or spend (contract: read a workspace). */
export function publicWorkspace(row: WorkspaceRow, rules: ContractRules): JsonObject {
  const form = {
    id: row.id,
    name: row.name,
    role: row.role,
    tier: row.tier,
    status: row.status,
    url: row.url,
    parent_id: row.parent_id,
    runtime: row.runtime,
    agent_card: storedJson(row.agent_card),
    active_tasks: row.active_tasks,
    max_concurrent_tasks: row.max_concurrent_tasks,
    last_error_rate: row.error_rate,
    uptime_seconds: row.uptime_seconds,
    x: 0,
    y: 0,
    collapsed: false,
    last_outbound_at: optionalTimestamp(row.last_outbound_at),
  }
  if (!rules.longWorkspaceForm) return form
  return {
    ...form,
    kind: row.kind,
    broadcast_enabled: false,
    talk_to_user_enabled: row.talk_to_user_enabled === 1,
    compute: null,
    loaded_mcp_tools: [],
    last_heartbeat_at: optionalTimestamp(row.last_heartbeat_at),
    wedged: row.runtime_state === 'wedged',
    last_sample_error: row.sample_error,
  }
}

export function storedJson(text: string | null): unknown {
  return text === null ? null : JSON.parse(text)
}

function optionalTimestamp(stored: string | null): string | null {
  return stored === null ? null : wireTimestamp(stored)
}
