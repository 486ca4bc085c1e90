/** A permission desk beside a chat and a host that keep what they are told. */

import { openLedger } from '../../../../lab/driver/ledger.ts'
import { until } from '../../../../lab/driver/until.ts'
import { SimClock } from '../../../../lab/simulation/sim-clock.ts'
import { PlatformClient } from '../../../../member/client/client.ts'
import { type Inbound, inboundSchema } from '../../../../member/client/inbound.ts'
import type { Entry, Ledger, StoredMessage } from '../../../../member/ledger/ledger.ts'
import {
  PermissionDesk,
  type PermissionDeskOptions,
} from '../../../../plugin/host/permission/permission-desk.ts'
import { entry, MESSAGE } from '../../../fixtures/entries.ts'

export const OURS = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
export const OTHER = '11111111-1111-4111-8111-111111111111'
export const REQUEST = { request_id: 'abcde', tool_name: 'Bash', description: 'Run', input_preview: 'ls' }

/** A desk with a ledger, a chat that keeps its posts, and a host that keeps what it receives. */
export class Scene implements Disposable {
  readonly posted: string[] = []
  /** What these lines say to a chat that shows requests as rows. */
  readonly notes: unknown[] = []
  readonly told: string[] = []
  readonly lines: string[] = []
  readonly clock: SimClock
  readonly ledger: Ledger
  readonly desk: PermissionDesk
  on = true
  /** How the platform answers a post. */
  status = 200
  writes: (line: string) => Promise<void> = async (line) => void this.told.push(line)

  constructor(ledger = openLedger(), clock = new SimClock(), more: Partial<PermissionDeskOptions> = {}) {
    this.clock = clock
    this.ledger = ledger
    this.desk = new PermissionDesk({
      chat: () => (this.on ? OURS : undefined),
      client: (workspaceId) =>
        new PlatformClient(
          { platformUrl: 'http://127.0.0.1:1', workspaceId, token: 'token-of-the-test' },
          { network: Object.assign(this.#fetch, { preconnect: () => {} }), clock },
        ),
      ledger: () => this.ledger,
      opening: () => undefined,
      write: (line) => this.writes(line),
      redact: (text) => text.replaceAll('S3CRET', '[secret]'),
      log: (line) => this.lines.push(line),
      clock,
      ...more,
    })
  }

  /** Shows the desk a message as it comes out of the ledger. */
  async receives(fields: Partial<Inbound>, workspaceId = OURS): Promise<string | undefined> {
    const { stored, message } = this.store(fields, workspaceId)
    const taken = this.desk.intercept(stored, message)
    await this.clock.advance(0)
    return taken
  }

  store(
    fields: Partial<Inbound>,
    workspaceId = OURS,
    more: Partial<Entry> = {},
  ): { stored: StoredMessage; message: Inbound } {
    const message = inboundSchema.parse({ ...MESSAGE, ...fields })
    const createdAt = new Date(this.clock.now()).toISOString()
    const row = entry({ content: JSON.stringify(message), peerId: message.peerId, createdAt, ...more })
    this.ledger.of(workspaceId).storePage([row], undefined, this.clock.now())
    const stored = this.ledger.find(row.activityId, [workspaceId])
    if (stored === undefined) throw new Error('the message was not stored')
    return { stored, message }
  }

  posts(count: number): Promise<readonly string[]> {
    return until(`${count} lines in the chat`, () => this.posted.length >= count && this.posted)
  }

  readonly #fetch = async (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    const { message, permission } = JSON.parse(String(init?.body))
    if (this.status === 200) {
      this.posted.push(message)
      if (permission !== undefined) this.notes.push(permission)
    }
    return Response.json({ status: 'sent' }, { status: this.status })
  };

  [Symbol.dispose](): void {
    this.desk.stop()
  }
}
