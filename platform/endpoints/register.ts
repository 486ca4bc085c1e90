/** POST /registry/register: an agent says that it is there and how messages reach it. */
import { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import { isUuid, newSecret } from '../base/random.ts'
import { readJson } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { asDeliveryMode, type DeliveryMode, effectiveDeliveryMode } from '../contract/delivery-mode.ts'
import { registerWrites } from '../contract/status.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { routeTo } from '../work/push.ts'

const registrationSchema = z.object({
  id: wire.identifier,
  agent_card: wire.object,
  url: wire.text,
  delivery_mode: wire.text,
  kind: wire.text,
})
type Registration = z.infer<typeof registrationSchema>

/** The runtime of a workspace that was registered without being created. */
const DEFAULT_RUNTIME = 'langgraph'

export const LIVENESS_MS = 180_000

export const registerRoute: Route = {
  method: 'POST',
  path: '/registry/register',
  gate: 'open',
  handle: register,
}

async function register(services: Services, call: Call): Promise<Response> {
  const { rules, workspaces, authentication } = services
  const payload = await readJson(call.request, registrationSchema)
  const requested = requestedMode(services, payload)
  if (rules().tokenKinds && !['', 'workspace', 'platform'].includes(payload.kind)) {
    throw refuse(400, "kind must be 'workspace' or 'platform'")
  }
  const authenticated = authentication.passBootstrap(call.request.headers, payload.id)
  const row = workspaces.find(payload.id)
  try {
    checkKind(services, payload, row)
    const mode = rules().pollMode ? effectiveDeliveryMode(requested, modeOf(row)) : 'push'
    const url = mode === 'push' ? await pushUrl(services, payload) : payload.url
    return json(store(services, payload, mode, url, row))
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

function modeOf(row: WorkspaceRow | undefined): { deliveryMode: string; runtime: string } | undefined {
  return row === undefined ? undefined : { deliveryMode: row.delivery_mode, runtime: row.runtime }
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

function store(
  services: Services,
  payload: Registration,
  mode: DeliveryMode,
  url: string,
  before: WorkspaceRow | undefined,
): JsonObject {
  const { database, events, rules, workspaces } = services
  // The hosted platform's database rejects an id that is not a UUID, and its answer is part of the contract.
  if (!isUuid(payload.id)) throw refuse(500, 'registration failed')
  return database.transaction(() => {
    const row = before ?? createGhost(services, payload.id, mode)
    if (registerWrites(row.status, rules())) {
      const card = completeCard(payload.agent_card, row, services)
      workspaces.update(row.id, {
        agent_card: JSON.stringify(card),
        status: 'online',
        delivery_mode: mode,
        url: url === '' ? row.url : url,
        last_heartbeat_at: services.timestamps.now(),
        liveness_expires_at: services.timestamps.fromNow(LIVENESS_MS),
        last_register_failure_at: null,
      })
      events.publish('WORKSPACE_ONLINE', row.id, { url, agent_card: card, delivery_mode: mode })
    }
    return answer(services, row, mode)
  })()
}

/** An unknown id becomes a workspace of that name (contract: a typing error makes a ghost). */
function createGhost(services: Services, id: string, mode: DeliveryMode): WorkspaceRow {
  return services.workspaces.create({
    id,
    name: id,
    runtime: DEFAULT_RUNTIME,
    status: 'provisioning',
    deliveryMode: mode,
  })
}

/** Fills in the name, description and role from the row where the card leaves them out. */
function completeCard(card: JsonObject, row: WorkspaceRow, services: Services): JsonObject {
  if (!services.rules().tokenKinds) return card
  const filled: Record<string, unknown> = { ...card }
  if (!filled.name) filled.name = row.name
  if (!filled.description && row.role) filled.description = row.role
  if (!filled.role && row.role) filled.role = row.role
  return filled
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
