/** A delivery line on a clock that stands still, and a pipe that takes what the test lets it take. */
import { z } from 'zod'
import { openLedger } from '../../../../lab/driver/ledger.ts'
import { SimClock, settled } from '../../../../lab/simulation/sim-clock.ts'
import type { Entry, Ledger } from '../../../../member/ledger/ledger.ts'
import { DeliveryLine, type DeliveryOptions } from '../../../../plugin/host/event/delivery.ts'
import { channelOutlet } from '../../../../plugin/host/event/outlet.ts'
import { entries, MESSAGE } from '../../../fixtures/entries.ts'

export const A = 'workspace-a'
export const B = 'workspace-b'

const lineSchema = z.object({
  params: z.object({ content: z.string(), meta: z.record(z.string(), z.string()) }),
})

interface Written {
  readonly text: string
  readonly redelivered: boolean
  /** How many earlier messages, by its own account, were never confirmed. */
  readonly unconfirmed: string | undefined
  readonly workspaceId: string
  /** Its state in the ledger while it was being written. */
  readonly state: string | undefined
  readonly leave: () => void
  readonly fail: (error: Error) => void
}

export class Scene implements Disposable {
  readonly ledger: Ledger
  readonly clock = new SimClock()
  readonly written: Written[] = []
  readonly lines: string[] = []
  readonly sentOf: string[] = []
  readonly stop = new AbortController()
  /** Lets each line leave the process as soon as it is written. */
  pipeOpen = true
  ended = false
  readonly line: DeliveryLine

  constructor(options: Partial<DeliveryOptions> = {}, ledger: Ledger = openLedger()) {
    this.ledger = ledger
    this.line = new DeliveryLine({
      ledger: this.ledger,
      outlet: channelOutlet({
        write: (line) => this.#write(line),
        isHostStopped: () => false,
        clock: this.clock,
      }),
      held: () => [A, B],
      onSent: (workspaceId) => this.sentOf.push(workspaceId),
      signal: this.stop.signal,
      log: (text) => this.lines.push(text),
      clock: this.clock,
      ...options,
    })
    void this.line.run().then(() => {
      this.ended = true
    })
  }

  async add(workspaceId: string, page: readonly Entry[]): Promise<void> {
    this.ledger.of(workspaceId).storePage(page, undefined, this.clock.now())
    this.line.notify()
    await settled()
  }

  [Symbol.dispose](): void {
    this.stop.abort()
  }

  #write(line: string): Promise<void> {
    const { content, meta } = lineSchema.parse(JSON.parse(line)).params
    const { activity_id, workspace_id, redelivered } = meta
    return new Promise((resolve, reject) => {
      this.written.push({
        text: content,
        redelivered: redelivered === 'true',
        unconfirmed: meta.inbox_unconfirmed,
        workspaceId: workspace_id ?? '',
        state: this.ledger.find(activity_id ?? '', [A, B])?.state,
        leave: resolve,
        fail: reject,
      })
      if (this.pipeOpen) resolve()
    })
  }
}

export const text = (content: string): Partial<Entry> => ({
  content: JSON.stringify({ ...MESSAGE, text: content }),
})
export const numbered = (count: number, from = 1): Entry[] =>
  entries(count, (index) => text(`message ${from + index}`))
