/**
 * Tells systemd that this service is ready, works, and ends (sd_notify). Its socket takes datagrams, which Bun cannot
 * send, so systemd's own program sends them.
 */
import type { Clock } from '../base/clock.ts'
import { describeError } from '../base/errors.ts'
import type { Environment } from '../member/settings/setting-text.ts'

export interface ServiceNoticeOptions {
  readonly environment: Environment
  readonly pid: number
  readonly clock: Pick<Clock, 'every'>
  readonly warn: (sentence: string) => void
  /** Runs a program to its end. Rejects when it fails. */
  readonly run: (argv: readonly string[]) => Promise<void>
}

/** A notice that no service manager waits for costs nothing. */
export class ServiceNotice {
  readonly #options: ServiceNoticeOptions
  readonly #isWanted: boolean
  #cancel: (() => void) | undefined
  #isSending = false
  #failed = false

  constructor(options: ServiceNoticeOptions) {
    this.#options = options
    this.#isWanted = (options.environment.NOTIFY_SOCKET ?? '') !== ''
  }

  /** The service has begun to work; from here on the watchdog is told so. */
  async ready(): Promise<void> {
    const { environment, pid, clock } = this.#options
    this.#cancel?.()
    await this.#send('READY=1')
    const everyMs = Math.floor(Number(environment.WATCHDOG_USEC ?? '') / 2_000)
    const isOurs = (environment.WATCHDOG_PID ?? '') === '' || environment.WATCHDOG_PID === String(pid)
    if (!this.#isWanted || !isOurs || !(everyMs > 0)) return
    this.#cancel = clock.every(everyMs, () => void this.#send('WATCHDOG=1'))
  }

  async stopping(): Promise<void> {
    this.#cancel?.()
    await this.#send('STOPPING=1')
  }

  async #send(state: string): Promise<void> {
    // One at a time: a notice that cannot be sent must not pile up others.
    if (!this.#isWanted || this.#isSending) return
    this.#isSending = true
    try {
      await this.#options.run(['systemd-notify', state])
    } catch (error) {
      if (!this.#failed) this.#options.warn(`systemd is not told ${state}: ${describeError(error)}`)
      this.#failed = true
    } finally {
      this.#isSending = false
    }
  }
}
