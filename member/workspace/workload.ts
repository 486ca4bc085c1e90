/**
 * The state reported in heartbeats: what the workspace is working on, and the failure rate of its own requests and of what
 * works on its messages.
 */
import { plainText } from '../../base/plain-text.ts'
import type { HeartbeatMetrics } from '../../heartbeat.ts'
import { type Inbound, readInbound } from '../client/inbound.ts'
import type { StoredMessage } from '../ledger/ledger.ts'
import type { Workspace } from './workspace.ts'

const MAX_TOOL_CHARS = 80

export class Workload {
  readonly #workspace: Pick<Workspace, 'ledger' | 'clock' | 'runtime'>
  readonly #startedAt: number
  #requests = 0
  #failures = 0
  #sampleError = ''

  constructor(workspace: Pick<Workspace, 'ledger' | 'clock' | 'runtime'>) {
    this.#workspace = workspace
    this.#startedAt = workspace.clock.now()
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
    const { ledger, clock } = this.#workspace
    const { count, newest } = ledger.open(clock.now())
    const tool = ledger.askedTool(clock.now())
    const { capabilities, idleTimeoutSeconds, wedged } = this.#workspace.runtime()
    const metrics: HeartbeatMetrics = {
      error_rate: this.#requests === 0 ? 0 : this.#failures / this.#requests,
      sample_error: wedged ?? this.#sampleError,
      active_tasks: count,
      current_task:
        tool === undefined
          ? workOn(newest)
          : `waits for permission to use the tool ${plainText(tool, MAX_TOOL_CHARS)}`,
      uptime_seconds: (clock.now() - this.#startedAt) / 1000,
      ...(wedged === undefined ? {} : { runtime_state: 'wedged' }),
      runtime_metadata: {
        capabilities,
        ...(idleTimeoutSeconds === undefined ? {} : { idle_timeout_seconds: idleTimeoutSeconds }),
      },
    }
    this.#requests = 0
    this.#failures = 0
    this.#sampleError = ''
    return metrics
  }
}

function workOn(newest: StoredMessage | undefined): string {
  return newest === undefined ? '' : taskText(readInbound(newest.content))
}

/** The text itself is not included: more people see a badge than a message. */
function taskText(message: Inbound | undefined): string {
  if (message === undefined) return 'a message'
  const { kind, peerName, userName } = message
  return `a message from ${peerName ?? userName ?? (isOfChat(kind) ? 'the chat' : kind.replace('_', ' '))}`
}

function isOfChat(kind: Inbound['kind']): boolean {
  return kind === 'canvas_user' || kind === 'request_answer'
}
