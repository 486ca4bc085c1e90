/**
 * The platforms that the contract suite tests: the one named by the environment, or a local one per contract
 * version.
 */
import { afterAll, beforeAll, describe, setDefaultTimeout } from 'bun:test'
import { random } from '../../../lab/driver/marked-secrets.ts'
import { CONTRACT_VERSIONS, type ContractVersion } from '../../../platform/contract/versions.ts'
import { type RunningPlatform, startPlatform } from '../../../platform/platform.ts'
import { type Answer, Client, textField } from './client.ts'

export interface Agent {
  readonly id: string
  readonly name: string
  readonly token: string
}

const remoteUrl = process.env.MOLECULE_CONTRACT_URL
const remoteToken = process.env.MOLECULE_CONTRACT_ADMIN_TOKEN
const remoteVersion = process.env.MOLECULE_CONTRACT_VERSION ?? 'v2'

/**
 * A hosted platform allows a few hundred requests per minute, and a case may have to wait for its next one.
 */
const REMOTE_TIMEOUT_MS = 150_000

/** One platform, and the workspaces that cases create on it, to be removed afterwards. */
export class Target {
  readonly version: ContractVersion
  readonly #client: () => Client
  readonly #adminToken: () => string
  readonly #created: Agent[] = []

  constructor(version: ContractVersion, client: () => Client, adminToken: () => string) {
    this.version = version
    this.#client = client
    this.#adminToken = adminToken
  }

  get client(): Client {
    return this.#client()
  }

  get adminToken(): string {
    return this.#adminToken()
  }

  call: Client['call'] = (method, path, options) => this.client.call(method, path, options)

  /** Creates an external workspace, as the operator would. */
  async agent(name: string, more: { readonly parent?: Agent; readonly role?: string } = {}): Promise<Agent> {
    const answer = await this.call('POST', '/workspaces', {
      token: this.adminToken,
      body: {
        name: `${name} ${crypto.randomUUID().slice(0, 8)}`,
        runtime: 'external',
        external: true,
        delivery_mode: 'poll',
        ...(more.role === undefined ? {} : { role: more.role }),
        ...(more.parent === undefined ? {} : { parent_id: more.parent.id }),
      },
    })
    const id = textField(answer, 'id')
    const shown = await this.call('GET', `/workspaces/${id}`)
    const agent = { id, name: textField(shown, 'name'), token: textField(answer, 'connection', 'auth_token') }
    this.#created.push(agent)
    return agent
  }

  /** A workspace that an agent registered without its being created. It is a root, and its name is its id. */
  async ghost(): Promise<Agent> {
    const id = crypto.randomUUID()
    const body = { id, delivery_mode: 'poll', agent_card: { name: 'ghost' } }
    const answer = await this.call('POST', '/registry/register', { body })
    const ghost = { id, name: id, token: textField(answer, 'auth_token') }
    this.#created.push(ghost)
    return ghost
  }

  /** Adds a workspace that a case created itself to those to be removed. */
  adopt(agent: Agent): Agent {
    this.#created.push(agent)
    return agent
  }

  /** A lead with two agents under it, who are siblings. */
  async team(): Promise<{ readonly lead: Agent; readonly builder: Agent; readonly reviewer: Agent }> {
    const lead = await this.agent('lead')
    const builder = await this.agent('builder', { parent: lead, role: 'Builds' })
    return { lead, builder, reviewer: await this.agent('reviewer', { parent: lead }) }
  }

  register(agent: Agent, body: object = { delivery_mode: 'poll' }): Promise<Answer> {
    const payload = { id: agent.id, agent_card: { name: agent.name }, ...body }
    return this.call('POST', '/registry/register', { token: agent.token, body: payload })
  }

  /** Sends a message from one agent to another, or from the person when there is no sender. */
  send(target: Agent, message: object, sender?: Agent): Promise<Answer> {
    const own = sender === undefined ? {} : { 'X-Workspace-ID': sender.id }
    return this.call('POST', `/workspaces/${target.id}/a2a`, {
      token: sender?.token ?? this.adminToken,
      headers: own,
      body: { jsonrpc: '2.0', id: 'rpc-1', method: 'message/send', params: { message } },
    })
  }

  inbox(agent: Agent, query = ''): Promise<Answer> {
    return this.call('GET', `/workspaces/${agent.id}/activity?type=a2a_receive${query}`, {
      token: agent.token,
    })
  }

  async remove(agent: Agent): Promise<Answer> {
    return this.call('DELETE', `/workspaces/${agent.id}?confirm=true`, {
      token: this.adminToken,
      headers: { 'X-Confirm-Name': agent.name },
    })
  }

  /**
   * Removes everything that was created, children first. A workspace that a case has removed does no harm.
   */
  async cleanUp(): Promise<void> {
    for (const agent of this.#created.reverse()) await this.remove(agent)
  }
}

/** A text message with a fresh id. */
export function say(text: string, extra: object = {}): object {
  return { role: 'user', messageId: crypto.randomUUID(), parts: [{ kind: 'text', text }], ...extra }
}

/**
 * Cases of one topic of the contract, for each platform under test.
 *
 * @param versions the contract versions in which the cases hold.
 */
export function contract(
  topic: string,
  versions: readonly ContractVersion[],
  cases: (target: Target) => void,
): void {
  // Each file with cases must set it: it applies to one file only.
  if (remoteUrl !== undefined) setDefaultTimeout(REMOTE_TIMEOUT_MS)
  for (const version of versions) {
    if (remoteUrl !== undefined && version !== remoteVersion) continue
    describe(`${version}, ${topic}`, () => {
      let local: RunningPlatform | undefined
      let client: Client | undefined
      const ready = (): Client => {
        if (client === undefined) throw new Error('the platform has not started yet')
        return client
      }
      const target = new Target(version, ready, () => remoteToken ?? local?.adminToken ?? '')
      beforeAll(async () => {
        if (remoteUrl === undefined) local = await startPlatform({ contract: version, random })
        client = new Client(remoteUrl?.replace(/\/$/, '') ?? local?.url ?? '', remoteUrl !== undefined)
      })
      afterAll(async () => {
        if (remoteUrl !== undefined) await target.cleanUp()
        await local?.stop()
      }, REMOTE_TIMEOUT_MS)
      cases(target)
    })
  }
}

export const ALL = CONTRACT_VERSIONS
export const SINCE_V1: readonly ContractVersion[] = ['v1', 'v2']
export const V2: readonly ContractVersion[] = ['v2']
