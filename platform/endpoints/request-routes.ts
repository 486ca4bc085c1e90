/**
 * Asking a person or an agent for something, and answering (contract: requests). Asking never blocks. On the paths
 * below a workspace the actor is that workspace, whatever the body says; the other paths are for people.
 */
import { z } from 'zod'
import { isUuid } from '../base/random.ts'
import { MAX_LISTED_BYTES, readJson } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { wireTimestamp } from '../base/timestamp.ts'
import { ancestry } from '../contract/hierarchy.ts'
import {
  asPartyType,
  asRequestKind,
  INVALID_KIND,
  INVALID_PARTY,
  isSameParty,
  messageNotice,
  type Party,
  responseNotice,
  statusAfter,
} from '../contract/requests.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'
import { MAX_MESSAGES, type RequestRow, requestForm } from '../store/requests.ts'
import { tellRequester } from '../work/request-notices.ts'

const MAX_OPEN = 1_000
const MAX_PRIORITY = 2 ** 15
const MAX_CHOICES = 20

const creationSchema = wire.struct({
  kind: wire.required,
  recipient_type: wire.required,
  recipient_id: wire.text,
  title: wire.required,
  detail: wire.text,
  priority: wire.optionalInteger,
  choices: z.unknown().optional(),
  detail_without_choices: wire.text,
})
const choicesSchema = z.array(z.string().min(1).max(200)).max(MAX_CHOICES).nullish()
const responseSchema = wire.struct({
  action: wire.required,
  responder_type: wire.text,
  responder_id: wire.text,
  choice: z.unknown().optional(),
})
const messageSchema = wire.struct({ body: wire.required, author_type: wire.required, author_id: wire.text })

const OWN = '/workspaces/:id/requests'

export const requestRoutes: readonly Route[] = [
  ownRoute('POST', OWN, create),
  ownRoute('GET', OWN, ({ requests }, call) =>
    listed(requests.raisedBy(call.param('id'), statusFilter(call))),
  ),
  ownRoute('GET', `${OWN}/inbox`, ({ requests }, call) =>
    listed(requests.addressedTo(call.param('id'), statusFilter(call))),
  ),
  personRoute('GET', '/requests/pending', pending),
  ...[ownRoute, personRoute].flatMap((route) => {
    const one = `${route === ownRoute ? OWN : '/requests'}/:requestId`
    return [
      route('GET', one, read),
      route('POST', `${one}/respond`, respond),
      route('POST', `${one}/messages`, addMessage),
      route('POST', `${one}/cancel`, cancel),
    ]
  }),
]

function ownRoute(method: 'GET' | 'POST', path: string, handle: Route['handle']): Route {
  return { method, path, gate: 'workspace', handle: whereKnown(handle) }
}

function personRoute(method: 'GET' | 'POST', path: string, handle: Route['handle']): Route {
  return { method, path, gate: 'admin', handle: whereKnown(handle) }
}

/** Older generations do not know requests at all. */
function whereKnown(handle: Route['handle']): Route['handle'] {
  return (services, call) => {
    if (!services.rules().requests) throw refuse(404, 'not found')
    return handle(services, call)
  }
}

async function create(services: Services, call: Call): Promise<Response> {
  const { events, requests, rules, workspaces } = services
  const body = await readJson(call, creationSchema, undefined, MAX_LISTED_BYTES)
  const { id } = workspaces.require(call.param('id'))
  const kind = asRequestKind(body.kind)
  if (kind === undefined) throw refuse(400, INVALID_KIND)
  const recipient = partyOf(body.recipient_type, body.recipient_id)
  const choices = rules().requestChoices ? checkedChoices(body.choices) : []
  const priority = body.priority ?? null
  // A number that the hosted platform's column cannot hold.
  if (priority !== null && (priority < -MAX_PRIORITY || priority >= MAX_PRIORITY)) {
    throw refuse(500, 'failed to create request')
  }
  if (requests.countOpen(id, MAX_OPEN) === MAX_OPEN) {
    throw refuse(507, 'too many requests of this workspace are open', { max_requests: MAX_OPEN })
  }
  const { title } = body
  // Without buttons, the list of choices has to be part of the detail.
  const detail = choices.length === 0 ? body.detail : (body.detail_without_choices ?? body.detail)
  const orgId = ancestry(id, workspaces.parentOf).at(-1)
  const requester: Party = { type: 'agent', id }
  const requestId = requests.add({
    kind,
    requester,
    recipient,
    orgId,
    title,
    detail,
    choices,
    priority,
  })
  events.publish('REQUEST_CREATED', recipient.type === 'agent' && recipient.id !== '' ? recipient.id : id, {
    request_id: requestId,
    kind,
    recipient_type: recipient.type,
    recipient_id: recipient.id,
    title,
  })
  return json({ request_id: requestId, status: 'pending' }, 201)
}

function checkedChoices(value: unknown): readonly string[] {
  const { data, success } = choicesSchema.safeParse(value)
  if (!success) throw refuse(400, `choices must be up to ${MAX_CHOICES} texts of 1 to 200 characters`)
  return [...new Set(data ?? [])]
}

function partyOf(type: string, id: string): Party {
  const known = asPartyType(type)
  if (known === undefined) throw refuse(400, INVALID_PARTY)
  return { type: known, id: isUuid(id) ? id.toLowerCase() : id }
}

function statusFilter(call: Call): string | undefined {
  return call.url.searchParams.get('status') || undefined
}

function listed(rows: readonly RequestRow[]): Response {
  return json(rows.map(requestForm))
}

function pending({ requests }: Services, call: Call): Response {
  const { searchParams: query } = call.url
  const kind = query.get('kind') || undefined
  if (kind !== undefined && asRequestKind(kind) === undefined)
    throw refuse(400, "kind must be 'task' or 'approval'")
  return listed(requests.pending(kind, query.get('org_id')?.toLowerCase() || undefined))
}

const NOT_FOUND = 'request not found'
const NOT_OPEN = 'request not found or already resolved'

function read({ requests }: Services, call: Call): Response {
  const row = existing(requests.find(call.param('requestId')), NOT_FOUND)
  requireParticipant(row, call)
  const messages = requests.messages(row.id).map((message) => ({
    ...message,
    created_at: wireTimestamp(message.created_at),
  }))
  return json({ messages, request: requestForm(row) })
}

async function respond(services: Services, call: Call): Promise<Response> {
  const { events, requests, rules } = services
  const body = await readJson(call, responseSchema, undefined, MAX_LISTED_BYTES)
  const actor = actorOf(call)
  const row = requests.find(call.param('requestId'))
  if (actor !== undefined && !isSameParty(actor, recipientOf(existing(row, NOT_OPEN)))) {
    throw refuse(403, 'not the recipient')
  }
  const responder = actor ?? partyOf(body.responder_type || 'user', body.responder_id || 'human')
  const { id, kind, title, ...found } = existing(row, NOT_OPEN)
  if (isSameParty(responder, requesterOf(found))) {
    throw refuse(400, 'request: responder cannot be the requester')
  }
  const status = statusAfter(kind, body.action)
  if (status === undefined) throw refuse(400, 'request: invalid action for this request kind')
  const choice = rules().requestChoices ? checkedChoice(body.choice, found.choices, status) : null
  if (!requests.respond(id, status, responder, choice)) throw refuse(404, NOT_OPEN)
  events.publish('REQUEST_RESPONDED', anchorOf(found), {
    request_id: id,
    kind,
    title,
    status,
    responder_type: responder.type,
    responder_id: responder.id,
  })
  const text = responseNotice({ id, kind, title }, status, responder, choice)
  tellRequester(services, requesterOf(found), `request-responded:${id}`, text)
  return json({ request_id: id, status })
}

function checkedChoice(value: unknown, offered: string | null, status: string): string | null {
  if (value === undefined || value === null || value === '') return null
  const choices: readonly unknown[] = offered === null ? [] : JSON.parse(offered)
  if (status === 'rejected' || typeof value !== 'string' || !choices.includes(value)) {
    throw refuse(400, 'request: choice must be one of its choices, and its action not a rejection')
  }
  return value
}

async function addMessage(services: Services, call: Call): Promise<Response> {
  const { events, requests } = services
  const { body, ...author } = await readJson(call, messageSchema, undefined, MAX_LISTED_BYTES)
  const row = existing(requests.find(call.param('requestId')), NOT_FOUND)
  requireParticipant(row, call)
  const writer = actorOf(call) ?? partyOf(author.author_type, author.author_id)
  if (requests.messages(row.id).length === MAX_MESSAGES) {
    throw refuse(507, 'too many messages about this request', { max_messages: MAX_MESSAGES })
  }
  const requester = requesterOf(row)
  const asks = !isSameParty(writer, requester)
  const id = requests.addMessage(row.id, writer, body, asks)
  events.publish('REQUEST_MESSAGE', anchorOf(row), {
    request_id: row.id,
    message_id: id,
    author_type: writer.type,
    author_id: writer.id,
  })
  if (asks) tellRequester(services, requester, `request-message:${id}`, messageNotice(row, body))
  return json({ message_id: id, request_id: row.id, status: 'created' }, 201)
}

/** Neither an event nor a notice follows: the requester knows. */
function cancel({ requests }: Services, call: Call): Response {
  const row = existing(requests.find(call.param('requestId')), NOT_OPEN)
  const actor = actorOf(call)
  if (actor !== undefined && !isSameParty(actor, requesterOf(row))) throw refuse(403, 'not the requester')
  if (!requests.cancel(row.id)) throw refuse(404, NOT_OPEN)
  return json({ request_id: row.id, status: 'cancelled' })
}

/** The agent on whose path the request came; undefined on a path for people. */
function actorOf(call: Call): Party | undefined {
  const id = call.param('id')
  return id === '' ? undefined : { type: 'agent', id }
}

function requireParticipant(row: RequestRow, call: Call): void {
  const actor = actorOf(call)
  if (actor === undefined || [requesterOf(row), recipientOf(row)].some((party) => isSameParty(party, actor)))
    return
  throw refuse(403, 'not a participant')
}

function requesterOf(row: Pick<RequestRow, 'requester_type' | 'requester_id'>): Party {
  return { type: row.requester_type, id: row.requester_id }
}

function recipientOf(row: Pick<RequestRow, 'recipient_type' | 'recipient_id'>): Party {
  return { type: row.recipient_type, id: row.recipient_id }
}

/** The workspace whose listeners hear of an answer. */
function anchorOf(
  row: Pick<RequestRow, 'requester_type' | 'requester_id' | 'recipient_type' | 'recipient_id'>,
): string {
  return row.requester_type === 'agent' ? row.requester_id : row.recipient_id
}

/** @throws Refusal 404 */
function existing(row: RequestRow | undefined, error: string): RequestRow {
  if (row === undefined) throw refuse(404, error)
  return row
}
