/** A message as `inbox` shows it: a line of the list, or the whole. */
import { counted } from '../../../base/plural.ts'
import type { Inbound } from '../../../member/client/inbound.ts'
import type { Attachment } from '../../../member/client/message-body.ts'
import type { InboxRow } from '../../../member/ledger/inbox.ts'
import { cleanExcerpt, cleanFileName, cleanLine, cleanName, indented } from '../text/clean-text.ts'
import { PROGRESS_INTERVAL_MS } from './awaited-messages.ts'
import { ANSWER_WAIT_MS } from './peer-exchanges.ts'
import { MAX_RESULT_CHARS, type Progress } from './tool.ts'
import type { ToolContext } from './tool-context.ts'

const MAX_EXCERPT_CHARS = 600
const MAX_FILES_NAMED = 5
/** The name of the file with a text that is too long for a result. */
const WHOLE_TEXT = 'whole-text.txt'
/** A path or an address is of no use when it is cut. */
const MAX_PLACE_CHARS = 4_096

/**
 * Where each file of a message is, or why it is not here. Puts on disk what is not there yet, and waits for it. A text too
 * long for a result is one of them.
 */
export async function filesOf(
  workspaceId: string,
  activityId: string,
  { attachments, text }: Pick<Inbound, 'attachments' | 'text'>,
  context: ToolContext,
  signal: AbortSignal,
  progress: Progress | undefined,
): Promise<readonly string[]> {
  const { clock } = context
  const begun = clock.now()
  const stop = clock.every(PROGRESS_INTERVAL_MS, () => {
    progress?.(Math.max(0, clock.now() - begun), ANSWER_WAIT_MS, 'waiting for the files')
  })
  const patience = { ms: ANSWER_WAIT_MS, signal }
  const all = text.length > MAX_RESULT_CHARS ? [...attachments, asFile(text)] : attachments
  const files = await context.files()?.prepare({ workspaceId, activityId }, all, patience)
  stop()
  return all.map(({ name }, index) => {
    const { path, uri, error } = files?.[index] ?? {}
    const where = [path, uri, error]
      .filter((part) => part !== undefined)
      .map((part) => cleanLine(part, MAX_PLACE_CHARS))
    return [cleanFileName(name), ...where].join(': ')
  })
}

function asFile(text: string): Attachment {
  const base64 = Buffer.from(text).toString('base64')
  return { uri: '', base64, name: WHOLE_TEXT, mimeType: 'text/plain', size: null }
}

type Origin = Pick<InboxRow, 'peerId' | 'createdAt'> & Partial<Pick<InboxRow, 'delegationId'>>

/** Provenance comes before the text, which can claim anything. */
export function describeInFull(
  message: Inbound,
  origin: Origin,
  state: string,
  files: readonly string[],
): string {
  const peer = origin.peerId === null ? '' : `, peer_id ${cleanName(origin.peerId)}`
  const list = files.length === 0 ? '' : ` Its files:\n${files.map((file) => `- ${file}`).join('\n')}\n`
  const head = `${titleOf(message, origin)}${peer}, sent ${cleanName(origin.createdAt)}, ${state}.${list}`
  const text = cleanExcerpt(
    message.text,
    MAX_RESULT_CHARS,
    (length) => `… (cut here; all ${length} characters are in ${WHOLE_TEXT}, see above)`,
  )
  return `${head}${list === '' ? ' ' : ''}Its text:\n\n  ${indented(text)}`
}

/** What the message is and who sent it, in the words of the event. */
export function titleOf(message: Inbound, { peerId, delegationId = null }: Origin): string {
  if (message.inquiry !== undefined) return titleOfAnswer(message.inquiry)
  const kind = delegationId === null ? message.kind : 'delegation_result'
  const task = delegationId ?? message.delegationId
  const about =
    task === null
      ? ''
      : delegationId === null && kind === 'peer_agent'
        ? message.taskStatus === null
          ? ', a task'
          : `, a question about task ${cleanName(task)}`
        : `, task ${cleanName(task)}`
  return `${kind}${sender(message, peerId)}${about}`
}

function titleOfAnswer({ id, title, choice, by }: NonNullable<Inbound['inquiry']>): string {
  const chosen = choice === null ? '' : `, choice ${JSON.stringify(cleanName(choice))}`
  return `request_answer of ${cleanName(by)} to ${JSON.stringify(cleanName(title))}, request_id ${cleanName(id)}${chosen}`
}

function excerpt(text: string, maxChars: number): string {
  return cleanExcerpt(text, maxChars, (length) => `… (${length} characters in all)`)
}

function sender({ peerName, userName, peerId: taskPeer }: Inbound, peerId: string | null): string {
  const who = cleanName(peerName ?? userName ?? peerId ?? taskPeer ?? '')
  return who === '' ? '' : ` ${who}`
}

/** The beginning of its text, and the names of its files. */
export function quoted({ text, attachments }: Inbound): string {
  const names = attachments.slice(0, MAX_FILES_NAMED).map(({ name }) => cleanFileName(name))
  const more = attachments.length > names.length ? [`${attachments.length - names.length} more`] : []
  const files =
    names.length === 0 ? [] : [`[${counted(attachments.length, 'file')}: ${[...names, ...more].join(', ')}]`]
  const said = text === '' ? [] : [excerpt(text, MAX_EXCERPT_CHARS)]
  return indented([...said, ...files].join('\n'))
}
