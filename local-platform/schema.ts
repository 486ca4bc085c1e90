// The tables, as steps from one version of the file to the next. A step, once released, is never edited.
//
// Timestamps are fixed-width UTC text (time.ts); bodies are JSON text.

const TEAM_AND_MESSAGES = `
CREATE TABLE workspaces (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT,
  parent_id TEXT,
  kind TEXT NOT NULL DEFAULT 'workspace',
  runtime TEXT NOT NULL,
  status TEXT NOT NULL,
  delivery_mode TEXT NOT NULL DEFAULT 'push',
  url TEXT NOT NULL DEFAULT '',
  agent_card TEXT,
  tier INTEGER NOT NULL DEFAULT 1,
  active_tasks INTEGER NOT NULL DEFAULT 0,
  max_concurrent_tasks INTEGER NOT NULL DEFAULT 1,
  current_task TEXT NOT NULL DEFAULT '',
  error_rate REAL NOT NULL DEFAULT 0,
  sample_error TEXT NOT NULL DEFAULT '',
  uptime_seconds INTEGER NOT NULL DEFAULT 0,
  monthly_spend INTEGER NOT NULL DEFAULT 0,
  runtime_state TEXT NOT NULL DEFAULT '',
  manages_status INTEGER NOT NULL DEFAULT 0,
  idle_timeout_seconds INTEGER,
  inbound_secret TEXT NOT NULL,
  talk_to_user_enabled INTEGER NOT NULL DEFAULT 1,
  last_heartbeat_at TEXT,
  last_outbound_at TEXT,
  last_register_failure_at TEXT,
  liveness_expires_at TEXT,
  removed_at TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX workspaces_by_parent ON workspaces (parent_id);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  hash TEXT NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  kind TEXT NOT NULL,
  created_at TEXT NOT NULL,
  last_used_at TEXT,
  revoked_at TEXT
) WITHOUT ROWID;
CREATE INDEX tokens_by_workspace ON tokens (workspace_id, created_at);

CREATE TABLE activity (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  activity_type TEXT NOT NULL,
  source_id TEXT,
  target_id TEXT,
  method TEXT,
  summary TEXT,
  request_body TEXT,
  response_body TEXT,
  tool_trace TEXT,
  duration_ms INTEGER,
  status TEXT NOT NULL,
  error_detail TEXT,
  created_at TEXT NOT NULL,
  message_id TEXT,
  idempotency_key TEXT
);
CREATE INDEX activity_by_time ON activity (workspace_id, created_at, seq);
CREATE INDEX activity_by_type ON activity (workspace_id, activity_type, created_at, seq);
CREATE INDEX activity_by_source ON activity (workspace_id, source_id, created_at, seq);
CREATE INDEX activity_by_target ON activity (workspace_id, target_id, created_at, seq);
CREATE UNIQUE INDEX activity_message ON activity (workspace_id, message_id) WHERE message_id IS NOT NULL;
CREATE UNIQUE INDEX activity_key ON activity (workspace_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE inbox_state (
  workspace_id TEXT PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
  last_acked_seq INTEGER NOT NULL
) WITHOUT ROWID;
`

/** Step n takes a file from version n to n + 1. */
export const MIGRATIONS: readonly string[] = [TEAM_AND_MESSAGES]

/** Marks a SQLite file as ours: "MOLE". */
export const APPLICATION_ID = 0x4d4f4c45
