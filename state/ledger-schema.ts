/** The ledger's tables. The version is kept in `user_version`; a newer file is refused, an older one brought forward. */
import type { Database } from 'bun:sqlite'

/** One step for each version: the step at index n leads from version n to n + 1. */
const STEPS: readonly string[] = [
  `
  -- One row for each row of a workspace's feed that was ever read. ord is the order of arrival, which is the
  -- platform's order within a workspace.
  CREATE TABLE message (
    ord INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id TEXT NOT NULL,
    activity_id TEXT NOT NULL,
    seq INTEGER,
    created_at TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    sent_at INTEGER,
    state TEXT NOT NULL CHECK (state IN ('received','sending','sent','confirmed','answered','skipped')),
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Who wrote it last; what a living session wrote it does not write again.
    session TEXT,
    reason TEXT,
    peer_id TEXT,
    content TEXT NOT NULL,
    UNIQUE (workspace_id, activity_id)
  );
  CREATE INDEX message_received ON message (ord) WHERE state = 'received';
  CREATE INDEX message_unsent ON message (workspace_id, seq) WHERE state IN ('received', 'sending');
  CREATE INDEX message_open ON message (workspace_id, sent_at) WHERE state IN ('sending', 'sent', 'confirmed');
  CREATE INDEX message_activity ON message (activity_id);
  CREATE INDEX message_age ON message (received_at);
  CREATE INDEX message_seq ON message (workspace_id, seq);

  -- Where reading goes on. activity_id null: the feed was empty when it was first read, so all of it is new.
  -- Rows created before floor are older than this membership and never shown.
  CREATE TABLE cursor (
    workspace_id TEXT PRIMARY KEY,
    activity_id TEXT,
    created_at TEXT NOT NULL,
    floor TEXT NOT NULL,
    checked_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
]

/** @throws Error when the file was written by a newer version of this program. */
export function migrate(db: Database): void {
  const version = userVersion(db)
  if (version > STEPS.length) {
    throw new Error(
      `the ledger has schema version ${version}, this program knows ${STEPS.length}: update the plugin`,
    )
  }
  if (version === STEPS.length) return
  db.transaction(() => {
    // Read again under the write lock: another session may have brought the file forward meanwhile.
    for (const step of STEPS.slice(userVersion(db))) db.run(step)
    db.run(`PRAGMA user_version = ${STEPS.length}`)
  }).immediate()
}

function userVersion(db: Database): number {
  return db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0
}
