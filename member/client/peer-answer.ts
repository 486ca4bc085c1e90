/**
 * A peer's answer to a message: a message of its own, or its task with a state, in A2A 0.3, 1.0 and the variants that
 * agents send. Pure.
 */
import { z } from 'zod'
import { optionalText } from './fields.ts'
import { type Attachment, contentOf } from './message-body.ts'
import {
  type Fields,
  fieldsSchema,
  MAX_PARTS,
  type Part,
  readParts,
  toJson,
  unread,
  wordsOf,
} from './parts.ts'

/** The states of an A2A task, as 0.3 spells them. `unknown` also stands for any other word. */
export const TASK_STATES = [
  'submitted',
  'working',
  'input-required',
  'auth-required',
  'completed',
  'failed',
  'rejected',
  'canceled',
  'unknown',
] as const
export type TaskState = (typeof TASK_STATES)[number]

/** What a state means for whoever gave the task. */
export type Standing = 'completed' | 'failed' | 'asks' | 'open'

export interface PeerAnswer {
  /** Null for a message: the peer keeps no task. */
  readonly state: TaskState | null
  /** Empty when it said nothing. */
  readonly text: string
  readonly attachments: readonly Attachment[]
  /** The peer's own id of its task, for `tasks/get`. */
  readonly taskId: string | null
  readonly contextId: string | null
}

/** A longer id is dropped: it comes from a stranger, and goes to the disk and back to the peer. */
const MAX_ID_CHARS = 1_000
const idSchema = z.string().max(MAX_ID_CHARS).nullish().catch(null)
/** How much to show of an answer of an unknown shape. */
const MAX_JSON_CHARS = 20_000

const messageSchema = z.object({
  parts: z.unknown().optional(),
  content: z.unknown().optional(),
  role: optionalText,
})
type Message = z.infer<typeof messageSchema>
const taskSchema = z.object({
  id: idSchema,
  contextId: idSchema,
  context_id: idSchema,
  status: z
    .union([
      z.object({ state: z.unknown(), message: messageSchema.nullish().catch(null) }),
      z.string().transform((state) => ({ state, message: null })),
    ])
    .nullish()
    .catch(null),
  artifacts: z.array(z.unknown()).catch([]),
  history: z.array(z.unknown()).catch([]),
})
const artifactSchema = z.object({
  artifactId: optionalText,
  artifact_id: optionalText,
  parts: z.unknown().optional(),
})

/** Reads a JSON-RPC result, whatever it holds. Never throws. */
export function readPeerAnswer(result: unknown): PeerAnswer {
  if (typeof result === 'string') return { ...NOTHING, text: result }
  const fields = unwrap(result)
  if (fields === undefined) return { ...NOTHING, text: toText(result) }
  if (fields.kind === 'task' || fields.artifacts !== undefined || isStatus(fields.status)) {
    return readTask(taskSchema.parse(fields))
  }
  const message = messageSchema.parse(fields)
  const parts = partsOf(message)
  if (parts === undefined) return { ...NOTHING, text: toText(result) }
  const ids = taskSchema.parse(fields)
  return {
    state: null,
    ...contentOf(parts),
    taskId: null,
    contextId: ids.contextId ?? ids.context_id ?? null,
  }
}

/** A2A 1.0 wraps the answer in a field that names its kind. */
function unwrap(result: unknown): Fields | undefined {
  const fields = fieldsSchema.safeParse(result).data
  const task = fieldsSchema.safeParse(fields?.task).data
  if (fieldsSchema.safeParse(task?.status).success) return task
  const message = fieldsSchema.safeParse(fields?.message).data
  return Array.isArray(message?.parts) ? message : fields
}

const NOTHING: PeerAnswer = { state: null, text: '', attachments: [], taskId: null, contextId: null }

export function standingOf(state: TaskState | null): Standing {
  switch (state) {
    case null:
    case 'completed':
      return 'completed'
    case 'failed':
    case 'rejected':
    case 'canceled':
      return 'failed'
    case 'input-required':
    case 'auth-required':
      return 'asks'
    case 'submitted':
    case 'working':
    case 'unknown':
      return 'open'
  }
}

function isStatus(status: unknown): boolean {
  return typeof status === 'object' && status !== null && 'state' in status
}

/**
 * The words of a task are in its artifacts and its status. Its history repeats what was said before, our own message
 * included, so only what the agent said last counts, and only if there is nothing else.
 */
function readTask({
  id,
  contextId,
  context_id,
  status,
  artifacts,
  history,
}: z.infer<typeof taskSchema>): PeerAnswer {
  const said = [...artifactsOf(artifacts), partsOf(status?.message ?? undefined) ?? []]
  const found = said.some((parts) => parts.length > 0) ? said : [lastOfAgent(history)]
  // Too many files are named in words.
  const { text: remark, attachments } = contentOf(
    found.flat().filter(({ kind }) => kind === 'bytes' || kind === 'address'),
  )
  return {
    state: stateOf(status?.state),
    // Agents repeat in the status what stands in an artifact.
    text: [...new Set([...found.map(wordsOf), remark].filter((words) => words.trim() !== ''))].join('\n\n'),
    attachments,
    taskId: id ?? null,
    contextId: contextId ?? context_id ?? null,
  }
}

/** `TASK_STATE_INPUT_REQUIRED` of A2A 1.0 is `input-required` of 0.3. */
function stateOf(state: unknown): TaskState {
  const word =
    typeof state === 'string'
      ? state
          .toLowerCase()
          .replace(/^task_state_/, '')
          .replaceAll('_', '-')
      : ''
  const spelled = word === 'cancelled' ? 'canceled' : word
  return TASK_STATES.find((one) => one === spelled) ?? 'unknown'
}

/**
 * The parts of each artifact. One that came in chunks is listed once for each, and its parts belong together. The bounds
 * are those of a message, for all artifacts together.
 */
function artifactsOf(artifacts: readonly unknown[]): readonly (readonly Part[])[] {
  const byId = new Map<unknown, Part[]>()
  let room = MAX_PARTS
  let count = 0
  for (const item of artifacts.slice(0, MAX_PARTS)) {
    if (room === 0) break
    count++
    const artifact = artifactSchema.safeParse(item).data
    const key = artifact?.artifactId ?? artifact?.artifact_id ?? item
    const parts = byId.get(key) ?? []
    byId.set(key, parts)
    const read = readParts(artifact?.parts, room)
    for (const part of read) parts.push(part)
    room = Math.max(0, room - read.length)
  }
  const more = artifacts.length - count
  return more > 0 ? [...byId.values(), [unread(more, 'artifacts or pieces of one')]] : [...byId.values()]
}

/** Looks back only so far, from the end. */
function lastOfAgent(history: readonly unknown[]): readonly Part[] {
  const last = history
    .slice(-MAX_PARTS)
    .findLast((item) => /agent|assistant/i.test(messageSchema.safeParse(item).data?.role ?? ''))
  return partsOf(messageSchema.safeParse(last).data) ?? []
}

/** Undefined for what is no message. */
function partsOf(message: Message | undefined): readonly Part[] | undefined {
  if (message === undefined) return undefined
  const { parts, content } = message
  if (Array.isArray(parts)) return readParts(parts)
  if (Array.isArray(content)) return readParts(content)
  return typeof content === 'string' ? readParts([content]) : undefined
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : (toJson(value) ?? '').slice(0, MAX_JSON_CHARS)
}
