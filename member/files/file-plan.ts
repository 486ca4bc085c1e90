/**
 * What to do about each file of a message. Only what the workspace's own platform keeps for this workspace is fetched: any
 * other address would let a stranger choose which host this machine contacts, and with which token. Pure.
 */
import type { Attachment } from '../client/message-body.ts'
import { parsePending } from '../client/uploads.ts'

export type Plan =
  | { readonly fetch: string }
  /** The content, in base64, came with the message; null when an earlier attempt has put it on disk. */
  | { readonly keep: string | null }
  | { readonly uri: string }
  /** Why there is no content. */
  | { readonly error: string }

/** Files of one message to fetch, or to keep. */
export const MAX_FILES = 10
/** Addresses that carry their own permission are long. */
const MAX_URI_CHARS = 4_000
const MAX_NAMED_CHARS = 200

export function planFiles(attachments: readonly Attachment[], workspaceId: string): readonly Plan[] {
  let count = 0
  return attachments.map((attachment): Plan => {
    const plan = planFile(attachment, workspaceId)
    const isOurs = 'fetch' in plan || 'keep' in plan
    if (!isOurs || ++count <= MAX_FILES) return plan
    const what = 'fetch' in plan ? 'not fetched' : 'not kept'
    return { error: `${what}: it is not among the first ${MAX_FILES} files of the message` }
  })
}

function planFile({ uri, base64 }: Attachment, workspaceId: string): Plan {
  if (base64 !== undefined) return { keep: base64 }
  const pending = parsePending(uri)
  if (pending === undefined) return elsewhere(uri)
  return pending.workspaceId === workspaceId.toLowerCase()
    ? { fetch: pending.fileId }
    : {
        error: 'not fetched: only the workspace it is kept for can fetch it. Ask the sender for the content',
      }
}

function elsewhere(uri: string): Plan {
  if (uri === '') return { error: 'not kept: the message came without its content' }
  const url = URL.parse(uri)
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    return { error: `not fetched: its address cannot be reached from here: ${uri.slice(0, MAX_NAMED_CHARS)}` }
  }
  // As the URL parser writes it: without white space, quotes or tags.
  if (url.href.length > MAX_URI_CHARS) return { error: 'not fetched: its address is too long to show' }
  return { uri: url.href }
}
