/** The ledger's tables. The version is kept in `user_version`; a newer file is refused, an older one migrated. */
import type { Database } from '../../base/sqlite.ts'

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
    -- The session that wrote it last; a running session does not write its own messages again.
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

  -- The cursor: where reading continues. activity_id null: the feed was empty when it was first read, so everything in
  -- it is new. Rows created before floor are older than this membership and never shown.
  CREATE TABLE cursor (
    workspace_id TEXT PRIMARY KEY,
    activity_id TEXT,
    created_at TEXT NOT NULL,
    floor TEXT NOT NULL,
    checked_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- To extend the list of states, SQLite requires the table to be recreated.
  CREATE TABLE message_2 (
    ord INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id TEXT NOT NULL,
    activity_id TEXT NOT NULL,
    seq INTEGER,
    created_at TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    sent_at INTEGER,
    state TEXT NOT NULL CHECK (state IN
      ('received','held','sending','sent','presumed','confirmed','answered','skipped')),
    attempts INTEGER NOT NULL DEFAULT 0,
    session TEXT,
    reason TEXT,
    peer_id TEXT,
    -- The task of ours that it answers.
    delegation_id TEXT,
    -- The activity that represents the digest it was shown in.
    digest TEXT,
    content TEXT NOT NULL,
    UNIQUE (activity_id, workspace_id)
  );
  INSERT INTO message_2 (ord, workspace_id, activity_id, seq, created_at, received_at, sent_at, state, attempts,
      session, reason, peer_id, content)
    SELECT ord, workspace_id, activity_id, seq, created_at, received_at, sent_at, state, attempts,
      session, reason, lower(peer_id), content FROM message;
  DROP TABLE message;
  ALTER TABLE message_2 RENAME TO message;
  CREATE INDEX message_received ON message (ord) WHERE state = 'received';
  CREATE INDEX message_held ON message (workspace_id, peer_id, ord) WHERE state = 'held';
  CREATE INDEX message_unsent ON message (workspace_id, seq) WHERE state IN ('received', 'held', 'sending');
  CREATE INDEX message_open ON message (workspace_id, sent_at) WHERE state IN ('sending', 'sent', 'confirmed');
  CREATE INDEX message_peer ON message (workspace_id, peer_id, ord) WHERE peer_id IS NOT NULL;
  CREATE INDEX message_delegation ON message (delegation_id) WHERE delegation_id IS NOT NULL;
  CREATE INDEX message_digest ON message (digest) WHERE digest IS NOT NULL;
  CREATE INDEX message_age ON message (received_at);
  CREATE INDEX message_seq ON message (workspace_id, seq);

  -- Tasks delegated to peers. watched: the platform carries it out and is asked for the result.
  CREATE TABLE delegation (
    id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    peer_id TEXT NOT NULL,
    task TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open','completed','failed')),
    watched INTEGER NOT NULL,
    -- Until then a call waits for the answer, which is not shown as an event in that time.
    awaited_until INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, id)
  ) WITHOUT ROWID;
  CREATE INDEX delegation_awaited ON delegation (awaited_until) WHERE awaited_until > 0;
  CREATE INDEX delegation_open ON delegation (workspace_id, peer_id) WHERE state = 'open';

  -- What is known about the sessions that wrote messages: whether their hosts passed prompts and receipts to the hook.
  CREATE TABLE session (
    id TEXT PRIMARY KEY,
    begun_at INTEGER NOT NULL,
    prompted INTEGER NOT NULL DEFAULT 0,
    receipted INTEGER NOT NULL DEFAULT 0,
    -- It was started with the channel, as far as its command line shows.
    with_channel INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;

  -- Permission requests of a host that were posted to the chat. The session that reads the feed receives the verdict.
  CREATE TABLE permission_request (
    workspace_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    session TEXT NOT NULL,
    tool TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open','allowed','denied','expired','elsewhere')),
    PRIMARY KEY (workspace_id, request_id)
  ) WITHOUT ROWID;
  `,
  `
  -- The session that asked has taken the verdict, to pass it to its host.
  ALTER TABLE permission_request ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- The task that a message gives us.
  ALTER TABLE message ADD COLUMN given_task TEXT;
  CREATE INDEX message_given ON message (given_task) WHERE given_task IS NOT NULL;
  `,
  `
  -- The file that a row reports as uploaded.
  ALTER TABLE message ADD COLUMN upload_id TEXT;
  CREATE INDEX message_upload ON message (workspace_id, upload_id) WHERE upload_id IS NOT NULL;

  -- Files that we uploaded, which the platform reports to us like any other.
  CREATE TABLE own_upload (
    file_id TEXT PRIMARY KEY,
    uploaded_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- What the peer last said about its own A2A task, and by which ids it knows it.
  ALTER TABLE delegation ADD COLUMN peer_state TEXT;
  ALTER TABLE delegation ADD COLUMN peer_task TEXT;
  ALTER TABLE delegation ADD COLUMN context_id TEXT;
  -- The request whose answer has not come, when it left, and the session that has it open; null: no session has.
  ALTER TABLE delegation ADD COLUMN request_id TEXT;
  ALTER TABLE delegation ADD COLUMN requested_at INTEGER;
  ALTER TABLE delegation ADD COLUMN request_session TEXT;
  `,
  `
  -- The highest number of a row that existed at the first start: a platform whose clock was set back dates new rows
  -- before the floor.
  ALTER TABLE cursor ADD COLUMN floor_seq INTEGER;
  `,
  `
  -- Everything by which messages are counted and chosen, so that a ledger with a month of long texts is searched without
  -- reading them.
  CREATE INDEX message_state ON message (workspace_id, state, ord, session, attempts, received_at, sent_at, peer_id,
    delegation_id, reason);
  `,
  `
  -- Every statement finds its rows, however many a month has left, through an index that ends where they end.
  DROP INDEX message_age;
  CREATE INDEX message_age ON message (workspace_id, received_at);
  DROP INDEX message_peer;
  CREATE INDEX message_peer ON message (workspace_id, peer_id, ord) WHERE peer_id IS NOT NULL AND state <> 'skipped';
  CREATE INDEX message_sent ON message (workspace_id, session, sent_at) WHERE state = 'sent';
  CREATE INDEX message_again ON message (workspace_id, received_at) WHERE state = 'sent';
  CREATE INDEX message_skipped ON message (workspace_id, reason) WHERE state = 'skipped';
  CREATE INDEX message_report ON message (workspace_id, received_at) WHERE delegation_id IS NOT NULL AND peer_id IS NULL;
  DROP INDEX delegation_open;
  CREATE INDEX delegation_open ON delegation (workspace_id, asked_at) WHERE state = 'open';
  CREATE INDEX delegation_peer ON delegation (workspace_id, peer_id, asked_at) WHERE state = 'open';
  CREATE INDEX delegation_ended ON delegation (workspace_id, asked_at) WHERE state <> 'open';
  CREATE INDEX delegation_age ON delegation (workspace_id, asked_at);
  CREATE INDEX session_age ON session (begun_at);
  CREATE INDEX session_silent ON session (id) WHERE prompted = 1 AND receipted = 0 AND with_channel = 1;
  CREATE INDEX permission_age ON permission_request (asked_at);
  CREATE INDEX permission_open ON permission_request (workspace_id, asked_at) WHERE state = 'open';
  CREATE INDEX permission_session ON permission_request (session, state);
  CREATE INDEX own_upload_age ON own_upload (uploaded_at);

  -- Uploaded files that messages have named: the row that reports the upload may be read after them.
  CREATE TABLE named_upload (
    workspace_id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    named_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, file_id)
  ) WITHOUT ROWID;
  CREATE INDEX named_upload_age ON named_upload (named_at);
  `,
  `
  -- The messages whose texts are cut when the ledger exceeds its budget.
  CREATE INDEX message_long ON message (ord) WHERE octet_length(content) > 16384
    AND state IN ('sent', 'presumed', 'confirmed', 'answered', 'skipped');
  `,
  `
  -- When all pages of the file were last found whole: one row.
  CREATE TABLE page_check (id INTEGER PRIMARY KEY CHECK (id = 1), checked_at INTEGER NOT NULL);
  `,
  `
  -- What tells whether the host of a session showed its messages: see showing.ts. hooked: its hooks report what is
  -- submitted. prompted, receipted and with_channel are not used.
  DROP INDEX session_silent;
  ALTER TABLE session ADD COLUMN hooked INTEGER NOT NULL DEFAULT 0;
  -- When the hook last reported an event of ours.
  ALTER TABLE session ADD COLUMN heard_at INTEGER;
  -- The last written of the events that the model answered.
  ALTER TABLE session ADD COLUMN answered_ord INTEGER;
  ALTER TABLE session ADD COLUMN answered_sent_at INTEGER;
  UPDATE session SET hooked = receipted;

  -- How many of the attempts reached nobody, as far as is known. A message that is only kept has no session.
  ALTER TABLE message ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0;
  DROP INDEX message_again;
  `,
  `
  -- Messages to peers that give no task, until their answers are recorded or count as lost. id: of the message, or of the
  -- item in the platform's queue. session: the one that has the request open; null: no session has.
  CREATE TABLE sent_message (
    workspace_id TEXT NOT NULL,
    id TEXT NOT NULL,
    peer_id TEXT NOT NULL,
    text TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    session TEXT,
    PRIMARY KEY (workspace_id, id)
  ) WITHOUT ROWID;
  CREATE INDEX sent_message_age ON sent_message (workspace_id, sent_at);
  `,
  `
  -- Senders whom the platform does not tell apart are held back together: the crowd they belong to.
  ALTER TABLE message ADD COLUMN crowd TEXT;
  ALTER TABLE message ADD COLUMN sender TEXT GENERATED ALWAYS AS (coalesce(peer_id, crowd)) VIRTUAL;
  CREATE INDEX message_crowd ON message (workspace_id, crowd, ord) WHERE crowd IS NOT NULL AND state <> 'skipped';
  DROP INDEX message_held;
  CREATE INDEX message_held ON message (workspace_id, sender, ord) WHERE state = 'held';
  `,
  `
  -- What was asked of a person, by the platform's id of the request. choices: as JSON. closing: it was answered in words,
  -- and the platform is still to be told that nobody waits for more.
  CREATE TABLE inquiry (
    workspace_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('task','approval')),
    title TEXT NOT NULL,
    choices TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open','closing','ended')),
    PRIMARY KEY (workspace_id, id)
  ) WITHOUT ROWID;
  CREATE INDEX inquiry_age ON inquiry (workspace_id, asked_at);
  CREATE INDEX inquiry_unended ON inquiry (workspace_id, asked_at) WHERE state <> 'ended';

  -- What the platform was last told of a message besides that it was fetched: 1: the model has seen it; 2: it was
  -- answered. Null: it is told nothing.
  ALTER TABLE message ADD COLUMN reported INTEGER;
  CREATE INDEX message_unreported ON message (workspace_id, ord)
    WHERE reported < CASE state WHEN 'confirmed' THEN 1 WHEN 'answered' THEN 2 ELSE 0 END;
  `,
]

/**
 * Migrates a file.
 *
 * @param target the version to migrate to; an older one only where a test needs such a file.
 * @throws Error when the file was written by a newer version of this program.
 */
export function migrate(db: Database, target: number = STEPS.length): void {
  const version = userVersion(db)
  if (version > target) {
    throw new Error(
      `the ledger has schema version ${version}, this program knows ${target}: update the plugin`,
    )
  }
  if (version === target) return
  db.transaction(() => {
    // Read again under the write lock: another session may have migrated the file in the meantime.
    for (const step of STEPS.slice(userVersion(db), target)) db.run(step)
    db.run(`PRAGMA user_version = ${target}`)
  })
}

function userVersion(db: Database): number {
  return db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0
}
