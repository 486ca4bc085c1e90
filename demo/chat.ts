/** The person in the platform's chat: writes to an agent and reads what agents wrote, over the same HTTP as a browser. */
import { z } from 'zod'

const rowsSchema = z.array(
  z.object({
    method: z.string().nullable(),
    response_body: z.object({ result: z.string() }).optional().catch(undefined),
  }),
)
const workspaceSchema = z.object({ status: z.string() })

export class Chat {
  readonly #url: string
  readonly #adminToken: string

  constructor(url: string, adminToken: string) {
    this.#url = url
    this.#adminToken = adminToken
  }

  /** Writes to an agent as the person at the keyboard. */
  async write(workspaceId: string, text: string): Promise<void> {
    const message = { role: 'user', messageId: crypto.randomUUID(), parts: [{ kind: 'text', text }] }
    await this.#request(`/workspaces/${workspaceId}/a2a`, {
      jsonrpc: '2.0',
      id: message.messageId,
      method: 'message/send',
      params: { message },
    })
  }

  /** What an agent has written into its chat, newest first. */
  async read(workspaceId: string): Promise<readonly string[]> {
    const rows = rowsSchema.parse(await this.#request(`/workspaces/${workspaceId}/activity?type=a2a_receive`))
    return rows.flatMap((row) =>
      row.method === 'notify' && row.response_body !== undefined ? [row.response_body.result] : [],
    )
  }

  /** The presence badge. */
  async badge(workspaceId: string): Promise<string> {
    return workspaceSchema.parse(await this.#request(`/workspaces/${workspaceId}`)).status
  }

  async #request(path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      headers: { Authorization: `Bearer ${this.#adminToken}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`the platform answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
}
