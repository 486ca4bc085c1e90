/** The person in the platform's chat: writes to agents and reads what they wrote, over the same HTTP as a browser. */

import { z } from 'zod'
import { messageRequest } from './a2a-request.ts'
import { directFetch } from './direct-fetch.ts'

const filesSchema = z.array(
  z.object({ uri: z.string(), name: z.string(), mimeType: z.string(), size: z.number() }),
)
export type ChatFile = z.infer<typeof filesSchema>[number]

const rowsSchema = z.array(
  z.object({
    method: z.string().nullable(),
    response_body: z
      .object({
        result: z.string().optional(),
        parts: z.array(z.object({ file: z.unknown() })).optional(),
      })
      .optional()
      .catch(undefined),
  }),
)
type ResponseBody = NonNullable<z.infer<typeof rowsSchema>[number]['response_body']>

const uploadsSchema = z.object({ files: filesSchema })
const questionsSchema = z.array(z.object({ id: z.string() }))
const receiptsSchema = z.array(
  z.object({ request_body: z.unknown().optional(), receipt: z.object({ state: z.string() }).optional() }),
)
const workspaceSchema = z.object({ status: z.string() })

export class Chat {
  readonly #url: string
  readonly #adminToken: string

  constructor(url: string, adminToken: string) {
    this.#url = url
    this.#adminToken = adminToken
  }

  /** @param files what {@link attach} returned, or anything a client might claim. */
  async write(workspaceId: string, text: string, files: readonly unknown[] = []): Promise<void> {
    const parts = [{ kind: 'text', text }, ...files.map((file) => ({ kind: 'file', file }))]
    await this.#post(`/workspaces/${workspaceId}/a2a`, JSON.stringify(messageRequest(text, { parts })))
  }

  /** Uploads files, to name them in a message. */
  async attach(workspaceId: string, ...files: readonly File[]): Promise<readonly ChatFile[]> {
    const form = new FormData()
    for (const file of files) form.append('files', file)
    const response = await this.#post(`/workspaces/${workspaceId}/chat/uploads`, form)
    return uploadsSchema.parse(await response.json()).files
  }

  /** The files that an agent sent to its chat, newest message first. */
  async filesFrom(workspaceId: string): Promise<readonly ChatFile[]> {
    const notices = await this.#noticesOf(workspaceId)
    return filesSchema.parse(notices.flatMap(({ parts = [] }) => parts.map(({ file }) => file)))
  }

  /** The content of a file on the platform. */
  async download({ uri }: ChatFile): Promise<Uint8Array> {
    const [workspaceId, fileId] = uri.replace('platform-pending:', '').split('/')
    const response = await this.#request(`/workspaces/${workspaceId}/pending-uploads/${fileId}/content`)
    return response.bytes()
  }

  /** What an agent wrote to its chat, newest first. */
  async read(workspaceId: string): Promise<readonly string[]> {
    const notices = await this.#noticesOf(workspaceId)
    return notices.flatMap(({ result }) => (result === undefined ? [] : [result]))
  }

  /** The ids of the questions that wait for a person, newest first. */
  async questions(): Promise<readonly string[]> {
    const response = await this.#request('/requests/pending')
    return questionsSchema.parse(await response.json()).map(({ id }) => id)
  }

  async answerQuestion(id: string, choice: string): Promise<void> {
    await this.#post(`/requests/${id}/respond`, JSON.stringify({ action: 'done', choice }))
  }

  /** How far the newest message with this text got; undefined while the platform does not have it. */
  async receiptOf(workspaceId: string, text: string): Promise<string | undefined> {
    const response = await this.#request(`/workspaces/${workspaceId}/activity?include=receipts`)
    const rows = receiptsSchema.parse(await response.json())
    const quoted = JSON.stringify(text)
    return rows.find(({ request_body }) => JSON.stringify(request_body ?? null).includes(quoted))?.receipt
      ?.state
  }

  /** The presence badge. */
  async badge(workspaceId: string): Promise<string> {
    const response = await this.#request(`/workspaces/${workspaceId}`)
    return workspaceSchema.parse(await response.json()).status
  }

  async #noticesOf(workspaceId: string): Promise<readonly ResponseBody[]> {
    const response = await this.#request(`/workspaces/${workspaceId}/activity?type=a2a_receive`)
    const rows = rowsSchema.parse(await response.json())
    return rows.flatMap(({ method, response_body }) =>
      method === 'notify' && response_body !== undefined ? [response_body] : [],
    )
  }

  #post(path: string, body: string | FormData): Promise<Response> {
    return this.#request(path, { method: 'POST', body })
  }

  async #request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await directFetch(this.#url + path, {
      ...init,
      headers: {
        Authorization: `Bearer ${this.#adminToken}`,
        ...(typeof init.body === 'string' ? { 'Content-Type': 'application/json' } : {}),
      },
    })
    if (!response.ok) throw new Error(`the platform answered ${response.status}: ${await response.text()}`)
    return response
  }
}
