/** An A2A request as the platform stores it: the envelope completed, the message in one form. Pure. */
import { asObject, isObject, type JsonObject } from '../base/json.ts'
import { refuse } from '../base/response.ts'
import { partsIn, readParts, wordsOf } from './a2a-parts.js'
import type { ContractRules } from './versions.ts'

export interface A2aMessage {
  /** The whole JSON-RPC request, completed. */
  readonly envelope: JsonObject
  /** Empty when the sender named none. */
  readonly method: string
  /** The de-duplication key; undefined for an envelope without a message. */
  readonly messageId: string | undefined
  /** What its parts say, for people to read. Worked out when it is asked for. */
  readonly text: string
  /** How long the message may wait in a queue, in seconds. */
  readonly expiresInSeconds: number | undefined
}

/** Nothing waits longer than activity is kept. */
const MAX_WAIT_SECONDS = 30 * 86_400

/** The person that a canvas message is attributed to. */
interface CanvasIdentity {
  readonly workspaceId: string
  readonly user: { readonly user_id: string; readonly email: string; readonly username: string } | undefined
}

/**
 * Completes a request (contract: a2a request, normalization).
 *
 * @param canvas set for a canvas user, whose identity the platform vouches for.
 * @param payload parsed JSON; undefined for text that is none.
 * @throws Refusal 400 for what is not a JSON object, or a message without content.
 */
export function normalizeA2a(
  payload: unknown,
  canvas: CanvasIdentity | undefined,
  rules: ContractRules,
  uuid: () => string,
): A2aMessage {
  if (payload !== null && !isObject(payload)) throw refuse(400, 'invalid JSON')
  const envelope = completeEnvelope(payload ?? {}, uuid)
  const params = isObject(envelope.params)
    ? completeParams(envelope.params, canvas, rules, uuid)
    : envelope.params
  const { message: given, expires_in_seconds: expires } = asObject(params)
  const message = asObject(given)
  return {
    envelope: { ...envelope, params },
    method: typeof envelope.method === 'string' ? envelope.method : '',
    messageId: typeof message.messageId === 'string' ? message.messageId : undefined,
    get text() {
      return wordsOf(readParts(partsIn(params)))
    },
    expiresInSeconds:
      typeof expires === 'number' && expires > 0 ? Math.min(expires, MAX_WAIT_SECONDS) : undefined,
  }
}

/**
 * Without `jsonrpc` only method and params survive, so bare parts lose their content (contract:
 * normalization).
 */
function completeEnvelope(payload: JsonObject, uuid: () => string): JsonObject {
  if (!('jsonrpc' in payload)) {
    return { jsonrpc: '2.0', id: uuid(), method: payload.method ?? null, params: payload.params ?? null }
  }
  return 'id' in payload ? payload : { ...payload, id: uuid() }
}

function completeParams(
  params: JsonObject,
  canvas: CanvasIdentity | undefined,
  rules: ContractRules,
  uuid: () => string,
): JsonObject {
  if (!isObject(params.message)) {
    const isPlain = canvas === undefined || !rules.normalizesMessages
    return isPlain ? params : { ...params, metadata: canvasMetadata(params.metadata, canvas) }
  }
  let message: JsonObject = params.message.messageId
    ? params.message
    : { ...params.message, messageId: uuid() }
  if (!rules.normalizesMessages) return { ...params, message }
  message = normalForm(message)
  if (canvas === undefined) return { ...params, message }
  const contextId = message.contextId ?? `canvas-${canvas.workspaceId}`
  return { ...params, message: { ...message, contextId }, metadata: canvasMetadata(params.metadata, canvas) }
}

function normalForm(message: JsonObject): JsonObject {
  const { content, ...rest } = message
  const role = message.role || 'user'
  if (Array.isArray(message.parts)) return { ...message, role, parts: message.parts.map(partWithKind) }
  if (typeof content === 'string') return { ...rest, role, parts: [{ kind: 'text', text: content }] }
  if (content !== undefined && content !== null) return { ...message, role }
  throw refuse(400, 'message must have parts or content')
}

function partWithKind(part: unknown): unknown {
  if (!isObject(part) || typeof part.type !== 'string' || part.kind !== undefined) return part
  const { type, ...rest } = part
  return { kind: type, ...rest }
}

/** Only the platform may set the identity fields; a sender's own claims are dropped. */
function canvasMetadata(claimed: unknown, canvas: CanvasIdentity): JsonObject {
  const { user_id: _id, email: _email, username: _name, ...rest } = asObject(claimed)
  const status = canvas.user === undefined ? 'UNAUTHENTICATED' : 'AUTHENTICATED'
  return { ...rest, source: 'canvas_user', user_identity_status: status, ...canvas.user }
}
