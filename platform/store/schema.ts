/**
 * The tables, as migrations from one version of the file to the next. A released migration is never edited.
 *
 * Timestamps are text as in `base/timestamp.ts`; bodies are JSON text.
 */

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

const WORK_FILES_AND_MEMORY = `
CREATE TABLE a2a_queue (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  caller_id TEXT,
  message_id TEXT,
  method TEXT NOT NULL,
  body TEXT NOT NULL,
  priority INTEGER NOT NULL DEFAULT 50,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  response_body TEXT,
  enqueued_at TEXT NOT NULL,
  dispatched_at TEXT,
  completed_at TEXT,
  expires_at TEXT
);
CREATE INDEX a2a_queue_waiting ON a2a_queue (workspace_id, status, priority DESC, position);
CREATE UNIQUE INDEX a2a_queue_message ON a2a_queue (workspace_id, message_id)
  WHERE message_id IS NOT NULL AND status IN ('queued', 'dispatched');

CREATE TABLE delegations (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  source_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  target_id TEXT NOT NULL,
  task TEXT NOT NULL,
  status TEXT NOT NULL,
  idempotency_key TEXT,
  response_preview TEXT,
  error TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (source_id, id)
);
CREATE INDEX delegations_by_source ON delegations (source_id, position);
CREATE INDEX delegations_by_target ON delegations (target_id, position);
CREATE UNIQUE INDEX delegations_key ON delegations (source_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL AND status <> 'failed';

CREATE TABLE pending_uploads (
  file_id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  content BLOB NOT NULL,
  filename TEXT NOT NULL,
  mimetype TEXT NOT NULL,
  size INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  fetched_at TEXT,
  acked_at TEXT,
  expires_at TEXT NOT NULL
);
CREATE INDEX pending_uploads_by_expiry ON pending_uploads (expires_at);

CREATE TABLE memories (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  content TEXT NOT NULL,
  scope TEXT NOT NULL,
  namespace TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX memories_by_workspace ON memories (workspace_id, scope, position);
CREATE INDEX memories_by_scope ON memories (scope, position);
CREATE VIRTUAL TABLE memory_text USING fts5 (content, content = 'memories', content_rowid = 'position');
CREATE TRIGGER memory_added AFTER INSERT ON memories BEGIN
  INSERT INTO memory_text (rowid, content) VALUES (new.position, new.content);
END;
CREATE TRIGGER memory_removed AFTER DELETE ON memories BEGIN
  INSERT INTO memory_text (memory_text, rowid, content) VALUES ('delete', old.position, old.content);
END;
`

const PAGES_BY_SEQUENCE = `
CREATE INDEX activity_in_order ON activity (workspace_id, seq);
CREATE INDEX activity_of_type_in_order ON activity (workspace_id, activity_type, seq);
`

const LONG_HISTORIES = `
CREATE INDEX workspaces_by_name ON workspaces (parent_id, name) WHERE status <> 'removed';
CREATE INDEX tokens_live ON tokens (workspace_id, created_at DESC, id) WHERE revoked_at IS NULL;
CREATE INDEX activity_age ON activity (seq, created_at, workspace_id);
CREATE INDEX activity_unanswered ON activity (workspace_id, seq)
  WHERE activity_type = 'a2a_receive' AND method = 'message/send' AND status = 'ok' AND request_body IS NOT NULL
  AND response_body IS NULL;
CREATE INDEX a2a_queue_open ON a2a_queue (status, workspace_id) WHERE status IN ('queued', 'dispatched');
CREATE INDEX a2a_queue_by_message ON a2a_queue (workspace_id, message_id, position) WHERE message_id IS NOT NULL;
CREATE INDEX delegations_open ON delegations (source_id, target_id, position)
  WHERE status NOT IN ('completed', 'failed');
CREATE INDEX pending_uploads_by_ack ON pending_uploads (acked_at) WHERE acked_at IS NOT NULL;
CREATE INDEX pending_uploads_by_workspace ON pending_uploads (workspace_id);
CREATE INDEX memories_in_order ON memories (workspace_id, position);
`

/** When all pages of the file were last found whole: one row. */
const PAGE_CHECK = `
CREATE TABLE page_check (id INTEGER PRIMARY KEY CHECK (id = 1), checked_at INTEGER NOT NULL);
`

/** What one member may use up. Workspaces that were registered and never created have their id as a name. */
const BOUNDS = `
CREATE INDEX pending_uploads_size ON pending_uploads (workspace_id, size);
CREATE INDEX workspaces_uncreated ON workspaces (created_at) WHERE name = id AND status <> 'removed';
`

/** The content of uploaded files in parts, which are written one at a time. `pending_uploads.content` holds only older files. */
const UPLOAD_PARTS = `
CREATE TABLE upload_parts (
  file_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (file_id, number)
);
`

/**
 * What somebody asks of a person or an agent, and what is said about it. The parties are no foreign keys: a request
 * outlives the workspaces it names.
 */
const REQUESTS = `
CREATE TABLE requests (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  requester_type TEXT NOT NULL,
  requester_id TEXT NOT NULL,
  org_id TEXT,
  recipient_type TEXT NOT NULL,
  recipient_id TEXT NOT NULL,
  title TEXT NOT NULL,
  detail TEXT,
  choices TEXT,
  priority INTEGER,
  status TEXT NOT NULL DEFAULT 'pending',
  responder_type TEXT,
  responder_id TEXT,
  choice TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  responded_at TEXT
);
CREATE INDEX requests_by_requester ON requests (requester_type, requester_id, position);
CREATE INDEX requests_by_requester_status ON requests (requester_type, requester_id, status, position);
CREATE INDEX requests_by_recipient ON requests (recipient_type, recipient_id, position);
CREATE INDEX requests_by_recipient_status ON requests (recipient_type, recipient_id, status, position);
CREATE INDEX requests_open ON requests (position) WHERE status IN ('pending', 'info_requested');
CREATE INDEX requests_closed ON requests (updated_at) WHERE status NOT IN ('pending', 'info_requested');

CREATE TABLE request_messages (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  request_id TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
  author_type TEXT NOT NULL,
  author_id TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX request_messages_in_order ON request_messages (request_id, position);
`

/** What agents said about the messages they fetched. */
const RECEIPTS = `
CREATE TABLE receipts (
  seq INTEGER PRIMARY KEY REFERENCES activity (seq) ON DELETE CASCADE,
  seen_at TEXT NOT NULL,
  answered_at TEXT
);
`

/** Migration n takes a file from version n to n + 1. */
export const MIGRATIONS: readonly string[] = [
  TEAM_AND_MESSAGES,
  WORK_FILES_AND_MEMORY,
  PAGES_BY_SEQUENCE,
  LONG_HISTORIES,
  PAGE_CHECK,
  BOUNDS,
  UPLOAD_PARTS,
  REQUESTS,
  RECEIPTS,
]

/** The SQLite application id that marks a file as ours: "MOLE". */
export const APPLICATION_ID = 0x4d4f4c45
