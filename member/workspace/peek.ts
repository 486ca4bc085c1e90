/**
 * Looks at what waits on the platform for a workspace that this session does not receive for. Read-only: it moves no
 * cursor and stores nothing, so the next session that receives gets all of it.
 */
import { fetchPage, MAX_WINDOW_SECS, type Page, type PageRequest } from '../client/activity.ts'
import { PlatformError } from '../client/errors.ts'
import { type Inbound, inboundSchema } from '../client/inbound.ts'
import type { Attachment } from '../client/message-body.ts'
import type { Cursor, Entry } from '../ledger/ledger.ts'
import { toEntry } from './feed-entry.ts'
import { isAfterFloor } from './feed-page.ts'
import type { Workspace } from './workspace.ts'

export interface PeekedMessage {
  readonly workspaceId: string
  readonly activityId: string
  readonly createdAt: string
  readonly peerId: string | null
  /** The task of ours it answers. */
  readonly delegationId: string | null
  /** Its text is cut to {@link MAX_PEEKED_CHARS}. */
  readonly message: Inbound
  /** The same, whole, for the ledger: what is stored from here is not read from the platform again. */
  readonly entry: Entry
}

/** Rows up to here need no second look: none is for the model, or all were answered. */
export interface PeekPosition {
  /** Where the last session that received had stopped reading. */
  readonly cursorId: string
  readonly rowId: string
}

export interface Peek {
  readonly messages: readonly PeekedMessage[]
  /** For the next look. */
  readonly position: PeekPosition | undefined
}

/** Limits on the messages kept and on the pages read to find them: rows in between may not be for the model. */
export const MAX_PEEKED = 50
const MAX_PAGES = 3
/** Characters kept of the text of one message. */
export const MAX_PEEKED_CHARS = 32_000
/** Characters kept of the files inside one message, in base64. */
const MAX_PEEKED_FILE_CHARS = 1024 * 1024

/**
 * Reads what waits and is not in the ledger, oldest first.
 *
 * @param since milliseconds since the epoch: from when to look while there is no cursor.
 * @param earlier the position that the last look returned.
 * @throws PlatformError, or the abort reason.
 */
export async function peekFeed(workspace: Workspace, since: number, earlier?: PeekPosition): Promise<Peek> {
  const { id: workspaceId, config, ledger, clock } = workspace
  const found: PeekedMessage[] = []
  // Where the last session that received stopped reading.
  const cursor = ledger.cursor()
  const cursorId = cursor?.activityId ?? undefined
  let position = earlier?.cursorId === cursorId ? earlier : undefined
  let sinceId = position?.rowId ?? cursorId
  for (let pages = 0; pages < MAX_PAGES && found.length < MAX_PEEKED; pages++) {
    const page = await readPage(workspace, cursor, since, sinceId)
    for (const row of page.rows) {
      if (cursor !== undefined && !isAfterFloor(row, cursor)) continue
      const entry = toEntry(row, workspaceId, config.allowedSenders)
      const { activityId, createdAt, peerId, content, skipped, upload } = entry
      // A file is not looked at without the message that names it.
      if (skipped !== null || upload !== undefined || ledger.unread.isStored(activityId)) continue
      const delegationId = ledger.unread.taskOf(entry, clock.now())
      found.push({
        workspaceId,
        activityId,
        createdAt,
        peerId,
        delegationId,
        message: cut(content),
        entry,
      })
    }
    // Without a cursor a page holds the newest rows, and nothing follows it.
    if (!page.full || sinceId === undefined || page.newestId === undefined) break
    sinceId = page.newestId
    if (found.length === 0 && cursorId !== undefined) position = { cursorId, rowId: sinceId }
  }
  return { messages: found.slice(0, MAX_PEEKED), position }
}

async function readPage(
  { client, clock, signal }: Workspace,
  cursor: Cursor | undefined,
  since: number,
  sinceId: string | undefined,
): Promise<Page> {
  const ask = (where: Pick<PageRequest, 'sinceId' | 'sinceSecs'>): Promise<Page> =>
    fetchPage(client, { ...where, limit: MAX_PEEKED, signal })
  // The feed was empty when it was last read: everything there is new.
  if (cursor?.activityId === null) return ask({})
  const secs = Math.ceil((clock.now() - (cursor?.checkedAt ?? since)) / 1000)
  const window = { sinceSecs: Math.min(Math.max(secs, 1), MAX_WINDOW_SECS) }
  if (sinceId === undefined) return ask(window)
  try {
    return await ask({ sinceId })
  } catch (error) {
    // The platform has forgotten that row, but the time of reading is known.
    if (error instanceof PlatformError && error.status === 410) return ask(window)
    throw error
  }
}

/** A view for lists, which stay small. */
function cut(content: string): Inbound {
  const { attachments, text, ...message } = inboundSchema.parse(JSON.parse(content))
  const isLong = text.length > MAX_PEEKED_CHARS
  let room = MAX_PEEKED_FILE_CHARS
  return {
    ...message,
    text: isLong ? `${text.slice(0, MAX_PEEKED_CHARS)}… (${text.length} characters in all)` : text,
    attachments: attachments.map((attachment) => {
      room -= attachment.base64?.length ?? 0
      return room < 0 ? withoutContent(attachment) : attachment
    }),
  }
}

function withoutContent({ base64: _content, ...attachment }: Attachment): Attachment {
  return attachment
}
