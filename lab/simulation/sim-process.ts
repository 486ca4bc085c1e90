/** One process: the real session over a simulated clock, network, disk and host. */
import { HolderWatch } from '../../member/folder/holder-watch.ts'
import { lockPaths } from '../../member/folder/lock.ts'
import { Log } from '../../member/folder/log.ts'
import type { Stopped } from '../../member/folder/stopped-process.ts'
import type { HostInbox } from '../../plugin/host/doorbell/host-inbox.ts'
import { callTool } from '../../plugin/host/tools/registry.ts'
import type { Outcome } from '../../plugin/host/tools/tool.ts'
import { Session } from '../../plugin/session/session.ts'
import type { Showing } from '../judge/evidence.ts'
import type { Life } from './life.ts'
import type { RungHost } from './rung-hosts.ts'
import type { SimClient } from './sim-client.ts'
import type { SimClock } from './sim-clock.ts'
import { SimDisk } from './sim-disk.ts'
import type { SimHost } from './sim-host.ts'
import type { Storage } from './storage.ts'

/** The kind of host that started the process, and how it handles messages. */
export interface HostKind {
  /** The name it reports. */
  readonly clientName: string
  /** Its command line. */
  readonly command: readonly string[]
  /** Whether it shows channel events to the model. */
  readonly listens: boolean
  /** Whether it calls the plugin's prompt hook. */
  readonly hooks: boolean
  /** Whether it is rung, and passes bells on: see `sim-client.ts`. Default: it has no inbox. */
  readonly rung?: RungHost
}

/** Whether a claim can make it receive. */
export function canReceive({ listens, rung }: HostKind): boolean {
  return listens || rung?.passesOn === true
}

/** As with a version of the client that has none. */
const NO_INBOX: HostInbox = {
  look: () => ({ refusal: 'it has no inbox', asksNothing: false }),
  put: () => Promise.reject(new Error('it has no inbox')),
}

const SDK = ['claude', '--output-format', 'stream-json', '--input-format', 'stream-json'] as const

export const HOSTS = {
  withChannel: {
    clientName: 'claude-code',
    command: ['claude', '--channels', 'plugin:molecule@molecule-channel'],
    listens: true,
    hooks: true,
  },
  withoutHooks: {
    clientName: 'claude-code',
    command: ['claude', '--channels', 'plugin:molecule@molecule-channel'],
    listens: true,
    hooks: false,
  },
  /** Its command line cannot be read. */
  unknown: { clientName: 'claude-code', command: [], listens: true, hooks: true },
  /** The session holds workspaces at first, since nothing speaks against it, until typed prompts give its host away. */
  unknownAndDeaf: { clientName: 'claude-code', command: [], listens: false, hooks: true },
  /** Knows nothing of channels. */
  another: { clientName: 'another-host', command: ['another-host'], listens: false, hooks: false },
  /** A program of the Agent SDK that has switched the channel on, and one that has not. */
  sdk: { clientName: 'claude-code', command: SDK, listens: true, hooks: true },
  sdkAndDeaf: { clientName: 'claude-code', command: SDK, listens: false, hooks: true },
  withoutChannel: { clientName: 'claude-code', command: ['claude'], listens: false, hooks: true },
} as const satisfies Record<string, HostKind>

export interface SimProcessOptions {
  readonly life: Life
  readonly clock: SimClock
  readonly storage: Storage
  readonly network: typeof fetch
  readonly host: SimHost
  readonly kind: HostKind
  readonly isFull: () => boolean
  readonly isBusy: () => boolean
  /** Whether the plugin with this pid, or its host, is stopped. Default: never. */
  readonly stoppedOf?: (pid: number) => Stopped | undefined
  /** How far the clock of its machine is ahead of the true one, in milliseconds. Default: not at all. */
  readonly skewMs?: () => number
  readonly log: Log
  /** The inbox of the host. Default: that of its client. */
  readonly inbox?: HostInbox
  /** A client that can be rung. Default: the host has no inbox. */
  readonly client?: SimClient | undefined
  /** Called when a result that shows messages begins to leave. */
  readonly onResult: (tool: string, outcome: Outcome) => readonly Showing[]
}

/** Most runs do not need the file, and each line would cost a write. */
export class EphemeralLog extends Log {
  override openFile(): void {}
}

export class SimProcess {
  readonly life: Life
  readonly host: SimHost
  readonly kind: HostKind
  /** Undefined where the host has no inbox. */
  readonly client: SimClient | undefined
  readonly session: Session
  readonly #options: SimProcessOptions
  readonly #disk: SimDisk

  constructor(options: SimProcessOptions) {
    const { life, clock, storage, network, host, kind, client, isFull, isBusy, log } = options
    this.#options = options
    this.life = life
    this.host = host
    this.kind = kind
    this.client = client
    this.#disk = new SimDisk({ life, storage, isFull, isBusy })
    const own = clock.of(
      () => life.dead,
      (run) => life.defer(run),
      options.skewMs,
    )
    const holder = { pid: 1_000 + life.number, startedAt: clock.now(), project: '/project', pidSpace: 'here' }
    this.session = new Session({
      environment: {
        MOLECULE_STATE_DIR: storage.paths.folder,
        CLAUDE_PROJECT_DIR: '/project',
        ...(kind.rung?.isAsked === true ? { MOLECULE_CHANNEL: 'doorbell' } : {}),
      },
      home: storage.paths.folder,
      version: '0.0.0',
      clock: own,
      network,
      disk: this.#disk,
      log,
      holder,
      ancestors: () => (kind.command.length === 0 ? [] : [kind.command]),
      write: (line) => {
        life.half()
        return host.write(line)
      },
      holders: new HolderWatch(own, holder, options.stoppedOf ?? (() => undefined)),
      inbox: options.inbox ?? client?.inbox ?? NO_INBOX,
    })
  }

  /** Whether what it takes reaches its model. */
  get receives(): boolean {
    const { listens, rung } = this.kind
    return listens || (rung?.passesOn === true && this.session.isRung())
  }

  /** Whether it has the lock of a workspace. */
  holds(workspaceId: string): boolean {
    return this.#disk.holds(lockPaths(this.#options.storage.paths.locks, workspaceId).lock)
  }

  /** The host has read the tool list. */
  start(): void {
    this.session.activate({ name: this.kind.clientName, version: '2.1.332' })
  }

  /** The host shows the model a prompt that the user typed, in a turn that ends at once. */
  type(): void {
    if (this.life.dead || this.life.stopped || this.host.frozen || !this.kind.hooks) return
    this.session.submitted(undefined)
    this.session.turnEnded()
  }

  /** The host's prompt hook reports that the model was given a message. */
  receipt({ workspaceId, activityId }: Showing): void {
    if (this.life.dead || this.life.stopped || !this.kind.hooks) return
    this.session.submitted({ workspaceId, activityId })
    this.session.turnEnded()
  }

  /**
   * The model calls a tool. Never rejects; a process that dies during the call returns no outcome.
   *
   * @param signal aborts when the user gives the call up.
   */
  async call(
    name: string,
    args: Readonly<Record<string, unknown>>,
    signal = new AbortController().signal,
  ): Promise<Outcome | undefined> {
    const { onResult } = this.#options
    if (this.life.dead || this.life.stopped || this.host.frozen) return undefined
    const outcome = await callTool(name, args, this.session, signal)
    if (this.life.dead) return undefined
    if (signal.aborted) {
      this.#record(outcome.onLost)
      return undefined
    }
    const showings = onResult(name, outcome)
    // What no tool can take back, the model is given all the same.
    const drops = outcome.onDropped === undefined ? new AbortController().signal : signal
    const { sent, read } = this.host.giveResult(showings, drops)
    let isSent = false
    const dropped = (): void => this.#record(isSent ? outcome.onDropped : outcome.onLost)
    signal.addEventListener('abort', dropped, { once: true })
    void sent.then(() => {
      if (signal.aborted) return
      isSent = true
      this.#record(outcome.onSent)
    })
    if (this.client === undefined) return outcome
    const isRead = await read
    // The host has it, whatever is given up after that.
    signal.removeEventListener('abort', dropped)
    if (!isRead) return undefined
    this.client.read(showings)
    return outcome
  }

  #record(fact: (() => void) | undefined): void {
    try {
      if (!this.life.dead) fact?.()
    } catch {
      // A full disk, or the end of the process: the answer counts as not shown.
    }
  }

  /** Ends it as a host does: on request, and it stops at once. */
  stop(): void {
    if (!this.life.dead) this.session.stop()
    this.kill()
  }

  /** Ends it as the kernel does: its open files are closed, and its locks released. */
  kill(): void {
    this.life.end()
    this.host.processEnded()
    this.#disk.closeAll()
    // So that nothing of it stays reachable. It is dead, and has no effect.
    this.session.stop()
  }
}
