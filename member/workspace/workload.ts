/** What the presence badge says of a workspace: what it has in hand, and how well its own requests fare. */
import type { HeartbeatMetrics } from '../../heartbeat.ts'
import { type Inbound, readInbound } from '../client/inbound.ts'
import type { Ledger } from '../ledger/ledger.ts'

export class Workload {
  readonly #ledger: Ledger
  readonly #workspaceId: string
  readonly #now: () => number
  readonly #startedAt: number
  #requests = 0
  #failures = 0
  #sampleError = ''

  constructor(ledger: Ledger, workspaceId: string, now: () => number = Date.now) {
    this.#ledger = ledger
    this.#workspaceId = workspaceId
    this.#now = now
    this.#startedAt = now()
  }

  succeeded(): void {
    this.#requests++
  }

  failed(error: string): void {
    this.#requests++
    this.#failures++
    this.#sampleError = error
  }

  /** The full state for one heartbeat; failures are counted from one to the next. */
  take(): HeartbeatMetrics {
    const open = this.#ledger.inbox.open(this.#workspaceId, this.#now())
    const newest = open[0]
    const metrics = {
      error_rate: this.#requests === 0 ? 0 : this.#failures / this.#requests,
      sample_error: this.#sampleError,
      active_tasks: open.length,
      current_task: newest === undefined ? '' : taskText(readInbound(newest.content)),
      uptime_seconds: (this.#now() - this.#startedAt) / 1000,
      runtime_metadata: { capabilities: {} },
    }
    this.#requests = 0
    this.#failures = 0
    this.#sampleError = ''
    return metrics
  }
}

/** The text itself stays where it is: a badge is seen by more people than a message. */
function taskText(message: Inbound | undefined): string {
  if (message === undefined) return 'a message'
  const { kind, peerName, userName } = message
  return `a message from ${peerName ?? userName ?? (kind === 'canvas_user' ? 'the chat' : kind.replace('_', ' '))}`
}
