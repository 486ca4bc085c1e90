/** POST /registry/register: an agent says that it is there and how messages reach it. */
import type { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import { isUuid, newSecret } from '../base/random.ts'
import { MAX_LISTED_BYTES, readJson } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { completeCard } from '../contract/agent-card.ts'
import { urlAfterRegister } from '../contract/agent-url.ts'
import { asDeliveryMode, type DeliveryMode, effectiveDeliveryMode } from '../contract/delivery-mode.ts'
import { LIVENESS_MS, registerWrites } from '../contract/status.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { drain, queueStored } from '../work/drain.ts'
import { routeTo } from '../work/push.ts'

const registrationSchema = wire.struct({
  id: wire.identifier,
  agent_card: wire.object,
  url: wire.text,
  delivery_mode: wire.text,
  kind: wire.text,
})
type Registration = z.infer<typeof registrationSchema>

/** How many workspaces there may be that were registered without being created. */
const MAX_GHOSTS = 100
/** The runtime of a workspace that was registered without being created. */
const DEFAULT_RUNTIME = 'langgraph'

export const registerRoute: Route = {
  method: 'POST',
  path: '/registry/register',
  gate: 'open',
  handle: register,
}

async function register(services: Services, call: Call): Promise<Response> {
  const { rules, workspaces, authentication } = services
  const payload = await readJson(call, registrationSchema, undefined, MAX_LISTED_BYTES)
  const requested = requestedMode(services, payload)
  if (rules().tokenKinds && !['', 'workspace', 'platform'].includes(payload.kind)) {
    throw refuse(400, "kind must be 'workspace' or 'platform'")
  }
  if (rules().judgesUrlFirst) await judgeUrl(services, payload)
  const authenticated = authentication.passBootstrap(call.request.headers, payload.id)
  const row = workspaces.find(payload.id)
  try {
    checkKind(services, payload, row)
    const mode = rules().pollMode ? effectiveDeliveryMode(requested, row) : 'push'
    const url = mode === 'push' ? await pushUrl(services, payload) : payload.url
    return json(store(services, payload, mode, url))
  } catch (error) {
    if (authenticated && row !== undefined && rules().registerFailureMarker) {
      workspaces.update(row.id, { last_register_failure_at: services.timestamps.now() })
    }
    throw error
  }
}

function requestedMode(services: Services, payload: Registration): DeliveryMode | undefined {
  if (!services.rules().pollMode || payload.delivery_mode === '') return undefined
  const mode = asDeliveryMode(payload.delivery_mode)
  if (mode === undefined) throw refuse(400, "delivery_mode must be 'push' or 'poll'")
  return mode
}

/** @throws Refusal 400 */
async function judgeUrl(services: Services, payload: Registration): Promise<void> {
  if (payload.url === '') throw refuse(400, 'invalid request body')
  const refusal = await refusedRoute(services, payload.url)
  if (refusal !== undefined) throw refuse(400, refusal)
}

function checkKind(services: Services, payload: Registration, row: WorkspaceRow | undefined): void {
  if (services.rules().tokenKinds && payload.kind === 'platform' && row?.kind !== 'platform') {
    throw refuse(403, "kind 'platform' is not allowed for this workspace")
  }
}

/** The URL to push to: the payload's, or else the card's. The guard must pass both. */
async function pushUrl(services: Services, payload: Registration): Promise<string> {
  const cardUrl = services.rules().tokenKinds ? await safeCardUrl(services, payload.agent_card) : ''
  const url = payload.url || cardUrl
  if (url === '') throw refuse(400, 'url is required for push-mode workspaces')
  const refusal = await refusedRoute(services, url)
  if (refusal !== undefined) throw refuse(400, refusal)
  return url
}

async function safeCardUrl(services: Services, card: JsonObject): Promise<string> {
  if (typeof card.url !== 'string' || card.url === '') return ''
  if ((await refusedRoute(services, card.url)) !== undefined) {
    throw refuse(400, 'workspace agent_card URL not allowed')
  }
  return card.url
}

/** Why the platform may not push to a URL, or undefined when it may. */
export async function refusedRoute(services: Services, url: string): Promise<string | undefined> {
  const route = await routeTo(url, services.pushSettings())
  return 'refusal' in route ? route.refusal : undefined
}

function store(services: Services, payload: Registration, mode: DeliveryMode, url: string): JsonObject {
  const { database, rules, workspaces } = services
  // The hosted platform's database rejects an id that is not a UUID, and its answer is part of the contract.
  if (!isUuid(payload.id)) throw refuse(500, 'registration failed')
  return database.transaction(() => {
    // Read again: it may have been removed while a name was resolved.
    const row = workspaces.find(payload.id) ?? createGhost(services, payload.id, mode)
    if (registerWrites(row.status, rules())) bringOnline(services, payload.agent_card, mode, url, row)
    return answer(services, row, mode)
  })()
}

function bringOnline(
  services: Services,
  sentCard: JsonObject,
  mode: DeliveryMode,
  sentUrl: string,
  row: WorkspaceRow,
): void {
  const { events, rules, timestamps, workspaces } = services
  const card = rules().tokenKinds ? completeCard(sentCard, row) : sentCard
  const url = urlAfterRegister(row.url, sentUrl)
  workspaces.update(row.id, {
    agent_card: JSON.stringify(card),
    status: 'online',
    delivery_mode: mode,
    url,
    last_heartbeat_at: timestamps.now(),
    liveness_expires_at: timestamps.fromNow(LIVENESS_MS),
    last_register_failure_at: null,
  })
  events.publish('WORKSPACE_ONLINE', row.id, { url, agent_card: card, delivery_mode: mode })
  const registered = { ...row, delivery_mode: mode, url }
  if (mode === 'push' && row.delivery_mode === '') queueStored(services, registered)
  // What was queued for pushes that never came would otherwise wait for a heartbeat, behind newer messages.
  if (mode === 'poll') drain(services, registered, row.active_tasks)
}

/**
 * An unknown id becomes a workspace of that name (contract: a typing error makes a ghost).
 *
 * @throws Refusal 429: nobody mistypes that often, and each is in every list.
 */
function createGhost(services: Services, id: string, mode: DeliveryMode): WorkspaceRow {
  if (services.workspaces.countUncreated(MAX_GHOSTS) >= MAX_GHOSTS) {
    throw refuse(429, 'too many workspaces were registered that nobody created; remove some first')
  }
  return services.workspaces.create({
    id,
    name: id,
    runtime: DEFAULT_RUNTIME,
    status: 'provisioning',
    deliveryMode: mode,
  })
}

function answer(services: Services, row: WorkspaceRow, mode: DeliveryMode): JsonObject {
  const { random, rules, tokens } = services
  const body: Record<string, unknown> = { status: 'registered' }
  if (rules().pollMode && !services.faults.state().register_no_echo) body.delivery_mode = mode
  if (row.status === 'removed') {
    // The contract hands out a token that every other route rejects. One that is never stored does that.
    body.auth_token = newSecret(random)
  } else if (tokens.countLive(row.id, rules().tokenKinds ? 'instance' : undefined) === 0) {
    body.auth_token = tokens.mint(row.id, 'instance')
  }
  if (rules().pollMode) body.platform_inbound_secret = row.inbound_secret
  return body
}
