/**
 * One session as `session/reception.ts` and `membership/` build it, with the real delivery line, feed loop, ledger and locks, and
 * with simulated time: it waits for the lock of each workspace, takes over what an earlier holder left, and reads.
 */

import { sleep, type Timers } from '../../base/sleep.ts'
import { Wake } from '../../base/wake.ts'
import type { PlatformClient } from '../../member/client/client.ts'
import { LockFile } from '../../member/folder/lock.ts'
import type { Ledger } from '../../member/ledger/ledger.ts'
import { DeliveryLine } from '../../plugin/host/event/delivery.ts'
import { runFeed } from '../../poll.ts'
import type { Dice } from './dice.ts'
import type { Life } from './life.ts'
import type { SimClock } from './sim-clock.ts'
import type { SimHost } from './sim-host.ts'

/** As many may wait before the feed is read no further: few, so that it happens often, and more than two batches. */
export const MAX_WAITING = 70
const RETRY_MS = 500
const LOCK_INTERVAL_MS = 1_000
const ROOM_INTERVAL_MS = 1_000
const CALM_LOCK_INTERVAL_MS = 120_000

export interface SimSessionOptions {
  readonly clock: SimClock
  readonly dice: Dice
  readonly life: Life
  readonly ledger: Ledger
  readonly host: SimHost
  readonly workspaceIds: readonly string[]
  readonly windowSecs: number
  readonly lockPath: (workspaceId: string) => string
  readonly client: (workspaceId: string, life: Life) => PlatformClient
  /** Nothing goes wrong any more: then a lock is tried, and a feed read, less often, since it is only waited for the end. */
  readonly isCalm: () => boolean
  /** A workspace is held, and its feed is read from now on. */
  readonly onHeld: (workspaceId: string) => void
}

export class SimSession {
  readonly #o: SimSessionOptions
  readonly #timers: Timers
  #changed = false
  #running = new AbortController()
  #locks: readonly LockFile[] = []
  #wakes: ReadonlyMap<string, Wake> = new Map()

  constructor(options: SimSessionOptions) {
    this.#o = options
    this.#timers = options.clock.timers(() => options.life.dead)
  }

  /** The configuration changes: all is begun anew, on the same ledger and the same pipe. At most once. */
  change(): void {
    if (this.#changed) return
    this.#changed = true
    this.stop()
    this.#running = new AbortController()
    this.start()
  }

  /** Begins to wait for the locks, and to deliver. */
  start(): void {
    const { signal } = this.#running
    const { ledger, host, life, workspaceIds, lockPath, clock } = this.#o
    const held = new Set<string>()
    const parts = workspaceIds.map((workspaceId) => ({
      workspaceId,
      lock: new LockFile(lockPath(workspaceId)),
      wake: new Wake(this.#timers),
      room: new Wake(this.#timers),
    }))
    this.#locks = parts.map(({ lock }) => lock)
    this.#wakes = new Map(parts.map(({ workspaceId, wake }) => [workspaceId, wake]))
    signal.addEventListener('abort', () => held.clear(), { once: true })
    const delivery = new DeliveryLine({
      ledger,
      write: (line) => {
        life.half()
        return host.write(line)
      },
      held: () => [...held],
      onSent: (workspaceId) => parts.find((part) => part.workspaceId === workspaceId)?.room.notify(),
      signal,
      log: () => {},
      clock: clock.of(() => life.dead),
    })
    void delivery.run()
    for (const { workspaceId, lock, wake, room } of parts) {
      void this.#hold(workspaceId, lock, signal).then(() => {
        if (signal.aborted) return undefined
        held.add(workspaceId)
        delivery.notify()
        return this.#read(workspaceId, delivery, wake, room, signal)
      })
    }
  }

  /** Stops at once and gives the locks back; what is being written goes on. */
  stop(): void {
    this.#running.abort()
    for (const lock of this.#locks) lock.close()
  }

  /** There may be something new. */
  hint(workspaceId: string): void {
    this.#wakes.get(workspaceId)?.notify()
  }

  async #hold(workspaceId: string, lock: LockFile, signal: AbortSignal): Promise<void> {
    const { ledger, clock, isCalm } = this.#o
    while (!signal.aborted && lock.tryTake().state !== 'held') {
      await sleep(isCalm() ? CALM_LOCK_INTERVAL_MS : LOCK_INTERVAL_MS, signal, this.#timers)
    }
    while (!signal.aborted) {
      try {
        ledger.recover(workspaceId, clock.now())
        return
      } catch {
        // A full disk is emptied again; and if the process has died, the signal says so.
        await sleep(RETRY_MS, signal, this.#timers)
      }
    }
  }

  async #read(
    workspaceId: string,
    delivery: DeliveryLine,
    wake: Wake,
    room: Wake,
    signal: AbortSignal,
  ): Promise<void> {
    const { ledger, client, life, windowSecs, clock, dice, isCalm, onHeld } = this.#o
    onHeld(workspaceId)
    const hasStream = dice.chance(0.3)
    await runFeed({
      client: client(workspaceId, life),
      ledger,
      pollIntervalMs: 15_000,
      pollWindowSecs: windowSecs,
      signal,
      wake,
      isLive: () => hasStream || isCalm(),
      onStored: () => delivery.notify(),
      onRead: () => {},
      onFailure: async () => 'passing',
      capacity: async () => {
        while (!signal.aborted && ledger.waiting(workspaceId) >= MAX_WAITING) {
          await room.wait(ROOM_INTERVAL_MS, signal)
        }
      },
      log: () => {},
      now: clock.now,
      random: dice.random,
      timers: this.#timers,
    })
  }
}
