/**
 * The line that goes into the inbox of a Claude Code session when messages wait. All of it is our own words, numbers and
 * UUIDs: nothing that a sender has written, named or chosen is ever in it, since the host hands the line to the model as
 * a request. Pure.
 */
import { counted } from '../../../base/plural.ts'
import type { Ready } from '../event/outlet.ts'

/** Messages that wait. */
export interface Waiting {
  /** How many there are in all. */
  readonly total: number
  /** The first of them, oldest first. */
  readonly first: readonly Ready[]
}

export interface Bell {
  /** Random, so that no two bells are alike: the host drops a text that it has just had. */
  readonly id: string
  /** 1 for the first about these messages. */
  readonly attempt: number
}

/** Where messages of a kind come from. A kind that is not listed is not spoken of. */
const ORIGINS: Readonly<Record<string, string>> = {
  canvas_user: 'from a person in the chat',
  peer_agent: 'from another agent',
  delegation_result: 'with the outcome of a task',
  request_answer: 'with the answer to a question',
  external: 'from an external channel',
  scheduled: 'from the scheduler',
}
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const MAX_IDS = 5
const OPENING = '<cross-session-message from="molecule" from-name="Molecule">'
const CLOSING = '</cross-session-message>'
/** As a prompt: how the host gives it to the prompt hook. */
const BELL = new RegExp(`^${OPENING}\n[^\n]* \\(bell ([0-9a-f-]{36}), attempt [0-9]{1,3}\\)\n${CLOSING}$`)

/** A bell as the host passes it on: one prompt, in a frame that the host shows as one line. */
export function bellPrompt({ total, first }: Waiting, { id, attempt }: Bell): string {
  const [what, wait] =
    attempt === 1
      ? [counted(total, 'new message'), `${total === 1 ? 'waits' : 'wait'} for you${origins(first)}`]
      : [counted(total, 'message'), `still ${total === 1 ? 'waits' : 'wait'} to be read${origins(first)}`]
  const how =
    'Call read_messages of the Molecule channel to read; answer with its reply_to_workspace, not with SendMessage'
  const line = [`Molecule: ${what} ${wait}`, how, ...ids(first)].join('. ')
  return `${OPENING}\n${line}. (bell ${id}, attempt ${attempt})\n${CLOSING}`
}

/** The id of the bell that a prompt is; undefined when it is none. */
export function readBell(prompt: string): string | undefined {
  return BELL.exec(prompt)?.[1]
}

function origins(first: readonly Ready[]): string {
  const names = new Set(first.flatMap(({ event }) => ORIGINS[event.meta.kind ?? ''] ?? []))
  return names.size === 0 ? '' : `, ${[...names].join(', ')}`
}

function ids(first: readonly Ready[]): readonly string[] {
  const found = first.map(({ stored }) => stored.activityId.toLowerCase()).filter((id) => UUID.test(id))
  if (found.length === 0) return []
  return [`Ids: ${found.slice(0, MAX_IDS).join(', ')}${found.length > MAX_IDS ? ' and more' : ''}`]
}
