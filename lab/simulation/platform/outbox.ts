/** What a workspace sends through the platform: messages and tasks to peers, and notices to its user. */
import { z } from 'zod'
import type { Dice } from '../../dice.ts'
import { type Answer, failure, json } from './answers.ts'
import type { Deed, Records, SentMessage } from './records.ts'
import type { SimRequest } from './request.ts'
import type { TaskAnswer, TaskBook } from './task-book.ts'

export interface OutboxOptions {
  readonly workspaceId: string
  readonly dice: Dice
  readonly records: Records
  readonly tasks: TaskBook
  /** Whether the workspace may send to this id. */
  readonly isPeer: (id: string) => boolean
  /** Delivers a new message to its peer. */
  readonly onSent: (message: SentMessage) => void
  readonly onFault: (sentence: string) => void
}

const envelopeSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.string(),
  method: z.literal('message/send'),
  params: z.object({
    message: z.object({
      role: z.literal('user'),
      messageId: z.uuid(),
      parts: z.array(z.object({ kind: z.literal('text'), text: z.string().min(1) })).min(1),
      metadata: z.object({ delegation_id: z.string() }).optional(),
    }),
  }),
})
const noticeSchema = z.object({ message: z.string().min(1) })
const taskSchema = z.object({
  target_id: z.uuid(),
  task: z.string().min(1),
  idempotency_key: z.string().min(1),
})

const QUEUED = json(200, { status: 'queued', delivery_mode: 'poll', method: 'message/send' })

export class Outbox {
  readonly #options: OutboxOptions
  readonly #sent = new Map<string, { readonly message: SentMessage; readonly answer: Answer }>()

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** `POST /workspaces/<peer>/a2a`. A used message id means a retry, which gets the first answer again. */
  send(request: SimRequest, deed: Deed): Answer {
    const { workspaceId, records, isPeer, onSent, onFault } = this.#options
    const parsed = envelopeSchema.safeParse(request.json())
    if (!parsed.success) return this.#bad(request, 'invalid JSON')
    if (request.header('x-workspace-id') !== workspaceId) {
      onFault(`a message from ${workspaceId} names another sender: ${request.header('x-workspace-id')}`)
      return failure(401, 'caller ID does not match workspace auth token')
    }
    const { messageId, parts, metadata } = parsed.data.params.message
    const text = parts.map((part) => part.text).join('\n')
    const peerId = request.workspaceId
    const known = this.#sent.get(messageId)
    if (known !== undefined) {
      known.message.copies++
      if (known.message.text !== text || known.message.peerId !== peerId) {
        onFault(`two messages have the id ${messageId}`)
      }
      return known.answer
    }
    if (!isPeer(peerId))
      return failure(403, 'access denied: workspaces cannot communicate per hierarchy rules')
    const message = {
      ...deed,
      messageId,
      peerId,
      text,
      delegationId: metadata?.delegation_id ?? null,
      copies: 1,
      isAnswered: false,
    }
    records.messages.push(message)
    const answer = this.#answer(message)
    message.isAnswered = answer !== QUEUED
    this.#sent.set(messageId, { message, answer })
    onSent(message)
    return answer
  }

  /** `GET /workspaces/<peer>/a2a/queue/<message>`: the answer that a peer gave in the response to the message. */
  queued({ url }: SimRequest): Answer {
    const sent = this.#sent.get(url.split('/').at(-1) ?? '')
    if (sent === undefined || sent.answer === QUEUED) return failure(404, 'queue item not found')
    return json(200, { status: 'completed', response_body: sent.answer.text })
  }

  /** `POST /workspaces/<own>/notify`. */
  notify(request: SimRequest, deed: Deed): Answer {
    const parsed = noticeSchema.safeParse(request.json())
    if (!parsed.success) return this.#bad(request, 'message is required')
    this.#options.records.notices.push({ ...deed, text: parsed.data.message })
    return json(200, { status: 'sent' })
  }

  /** `POST /workspaces/<own>/delegate`. */
  delegate(request: SimRequest, deed: Deed): Answer {
    const { workspaceId, tasks } = this.#options
    const parsed = taskSchema.safeParse(request.json())
    if (!parsed.success) return this.#bad(request, 'invalid delegation request')
    const { target_id: peerId, task: text, idempotency_key: key } = parsed.data
    if (peerId === workspaceId) return this.#bad(request, 'self-delegation not permitted')
    const { task, isNew } = tasks.delegate(key, { ...deed, peerId, text })
    if (isNew) return json(202, { delegation_id: task.id, status: 'delegated', target_id: peerId })
    return json(200, { delegation_id: task.id, status: task.status, target_id: peerId, idempotent_hit: true })
  }

  /** Usually the message waits in the peer's inbox; some peers reply in the same call. */
  #answer({ messageId, peerId, text, delegationId, ...deed }: SentMessage): Answer {
    const { tasks, dice } = this.#options
    if (delegationId === messageId) {
      const reply = tasks.give(messageId, { ...deed, peerId, text })
      return reply === undefined ? QUEUED : replyOf(messageId, reply)
    }
    if (dice.chance(0.9)) return QUEUED
    return replyOf(messageId, { text: 'thank you', failed: false })
  }

  #bad({ method, url }: SimRequest, error: string): Answer {
    this.#options.onFault(`the plugin made a bad request: ${method} ${url}: ${error}`)
    return failure(400, error)
  }
}

function replyOf(id: string, { text, failed }: Pick<TaskAnswer, 'text' | 'failed'>): Answer {
  const outcome = failed
    ? { error: { code: -32000, message: text } }
    : { result: { parts: [{ kind: 'text', text }] } }
  return json(200, { jsonrpc: '2.0', id, ...outcome })
}
