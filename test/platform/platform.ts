/** A local platform for one test, on a clock that the test moves. */
import { random } from '../../lab/driver/marked-secrets.ts'
import { type PlatformOptions, type RunningPlatform, startPlatform } from '../../platform/platform.ts'
import type { Member } from '../../platform/team.ts'
import { Client, textField } from './contract/client.ts'
import { ManualClock } from './manual-clock.ts'

export interface Fixture extends AsyncDisposable {
  readonly platform: RunningPlatform
  readonly client: Client
  readonly clock: ManualClock
  readonly lead: Member
  readonly builder: Member
  readonly reviewer: Member
}

/** A platform with its team, on a clock that stands still. */
export async function platformWithTeam(options: PlatformOptions = {}): Promise<Fixture> {
  const clock = new ManualClock()
  const platform = await startPlatform({ clock, random, ...options })
  const [lead, builder, reviewer] = platform.createTeam()
  if (lead === undefined || builder === undefined || reviewer === undefined)
    throw new Error('the team is incomplete')
  const client = new Client(platform.url)
  return { platform, client, clock, lead, builder, reviewer, [Symbol.asyncDispose]: () => platform.stop() }
}

// The requests that most tests make:
export function register({ client }: Fixture, member: Member, body: object = { delivery_mode: 'poll' }) {
  return client.call('POST', '/registry/register', {
    token: member.token,
    body: { id: member.id, agent_card: {}, ...body },
  })
}

export function beat({ client }: Fixture, member: Member, body: object = {}) {
  return client.call('POST', '/registry/heartbeat', {
    token: member.token,
    body: { workspace_id: member.id, ...body },
  })
}

export async function statusOf({ client }: Fixture, member: Member): Promise<unknown> {
  return Reflect.get(Object((await client.call('GET', `/workspaces/${member.id}`)).json), 'status')
}

export function send({ client, platform }: Fixture, to: Member, message: object, from?: Member) {
  return client.call('POST', `/workspaces/${to.id}/a2a`, {
    token: from?.token ?? platform.adminToken,
    body: { jsonrpc: '2.0', id: 'rpc-1', method: 'message/send', params: { message } },
  })
}

export function inbox({ client }: Fixture, member: Member, query = '') {
  return client.call('GET', `/workspaces/${member.id}/activity?type=a2a_receive${query}`, {
    token: member.token,
  })
}

export function say(text: string) {
  return { role: 'user', messageId: crypto.randomUUID(), parts: [{ kind: 'text', text }] }
}

/** The lead gives the builder a task. Resolves to the id of the delegation. */
export async function delegate({ client, lead, builder }: Fixture): Promise<string> {
  const body = { target_id: builder.id, task: 'do it' }
  const answer = await client.call('POST', `/workspaces/${lead.id}/delegate`, { token: lead.token, body })
  return textField(answer, 'delegation_id')
}

export function delegations({ client, lead }: Fixture) {
  return client.call('GET', `/workspaces/${lead.id}/delegations`, { token: lead.token })
}
