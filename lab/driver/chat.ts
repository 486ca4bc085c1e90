/** The person in the platform's chat: writes to an agent and reads what agents wrote, over the same HTTP as a browser. */
import { z } from 'zod'

const rowsSchema = z.array(
  z.object({
    method: z.string().nullable(),
    response_body: z.object({ result: z.string() }).optional().catch(undefined),
  }),
)
const filesSchema = z.object({
  files: z.array(z.object({ uri: z.string(), name: z.string(), mimeType: z.string(), size: z.number() })),
})
export type ChatFile = z.infer<typeof filesSchema>['files'][number]

const noticesSchema = z.array(
  z.object({
    method: z.string().nullable(),
    response_body: z
      .object({ parts: z.array(z.object({ file: z.unknown() })).optional() })
      .optional()
      .catch(undefined),
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

  /** Writes to an agent as the person at the keyboard, with files that were attached before, or claimed to be. */
  async write(workspaceId: string, text: string, files: readonly unknown[] = []): Promise<void> {
    const message = {
      role: 'user',
      messageId: crypto.randomUUID(),
      parts: [{ kind: 'text', text }, ...files.map((file) => ({ kind: 'file', file }))],
    }
    await this.#request(`/workspaces/${workspaceId}/a2a`, {
      jsonrpc: '2.0',
      id: message.messageId,
      method: 'message/send',
      params: { message },
    })
  }

  /** Puts files on the platform, to be named in a message. */
  async attach(workspaceId: string, ...files: readonly File[]): Promise<readonly ChatFile[]> {
    const form = new FormData()
    for (const file of files) form.append('files', file)
    const response = await fetch(`${this.#url}/workspaces/${workspaceId}/chat/uploads`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.#adminToken}` },
      body: form,
    })
    if (!response.ok) throw new Error(`the platform answered ${response.status}: ${await response.text()}`)
    return filesSchema.parse(await response.json()).files
  }

  /** The files an agent has sent into its chat, newest message first. */
  async filesFrom(workspaceId: string): Promise<readonly ChatFile[]> {
    const rows = noticesSchema.parse(
      await this.#request(`/workspaces/${workspaceId}/activity?type=a2a_receive`),
    )
    const files = rows.flatMap((row) => (row.method === 'notify' ? (row.response_body?.parts ?? []) : []))
    return filesSchema.parse({ files: files.map(({ file }) => file) }).files
  }

  /** The content of a file the platform keeps. */
  async download({ uri }: ChatFile): Promise<Uint8Array> {
    const [workspaceId, fileId] = uri.replace('platform-pending:', '').split('/')
    const response = await fetch(`${this.#url}/workspaces/${workspaceId}/pending-uploads/${fileId}/content`, {
      headers: { Authorization: `Bearer ${this.#adminToken}` },
    })
    if (!response.ok) throw new Error(`the platform answered ${response.status}: ${await response.text()}`)
    return response.bytes()
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
