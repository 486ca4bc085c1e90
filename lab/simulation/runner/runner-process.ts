/** One process: the real runner over a simulated clock, network, disk and backend. */
import { PlatformClient } from '../../../member/client/client.ts'
import { Configuration } from '../../../member/folder/configuration.ts'
import { HolderWatch } from '../../../member/folder/holder-watch.ts'
import { lockPaths } from '../../../member/folder/lock.ts'
import type { Stopped } from '../../../member/folder/stopped-process.ts'
import type { Config, Target } from '../../../member/settings/config.ts'
import type { Backend } from '../../../runner/backend/backend.ts'
import { DEFAULTS } from '../../../runner/command-line.ts'
import { type Ending, Restart } from '../../../runner/exit-code.ts'
import { Runner } from '../../../runner/runner.ts'
import type { DiskTrouble } from '../disk-trouble.ts'
import type { Life } from '../life.ts'
import type { SimClock } from '../sim-clock.ts'
import { SimDisk } from '../sim-disk.ts'
import { EphemeralLog } from '../sim-process.ts'
import type { Storage } from '../storage.ts'

export interface RunnerProcessOptions {
  readonly life: Life
  readonly clock: SimClock
  readonly storage: Storage
  readonly network: typeof fetch
  readonly backend: Backend
  readonly trouble: DiskTrouble
  /** Whether it waits for a workspace that another process holds, and for a platform that does not register it. */
  readonly patient: boolean
  /** Whether the process with this pid is stopped. */
  readonly stoppedOf: (pid: number) => Stopped | undefined
  /** Called when it ends by itself, with an error that nobody foresaw if there was one. */
  readonly onEnded: (ending: Ending | Error) => void
}

export class RunnerProcess {
  readonly life: Life
  readonly #options: RunnerProcessOptions
  readonly #disk: SimDisk
  #runner: Runner | undefined

  constructor(options: RunnerProcessOptions) {
    const { life, storage, trouble } = options
    this.life = life
    this.#options = options
    this.#disk = new SimDisk({ life, storage, isFull: trouble.isFull, isBusy: trouble.isBusy })
  }

  /** Whether it has the lock of a workspace. */
  holds(workspaceId: string): boolean {
    return this.#disk.holds(lockPaths(this.#options.storage.paths.locks, workspaceId).lock)
  }

  start(): void {
    void this.#run()
  }

  /** A signal asks it to end. */
  terminate(): void {
    if (!this.life.dead) this.#runner?.stop('ended by SIGTERM')
  }

  /** Ends it as the kernel does: its open files are closed, and its locks released. */
  kill(): void {
    this.life.end()
    this.#disk.closeAll()
    // So that nothing of it stays reachable. It is dead, and has no effect.
    this.#runner?.stop('killed')
    this.#runner?.stop('killed')
  }

  /** One runner after the other, as long as only the settings change. */
  async #run(): Promise<void> {
    const { onEnded } = this.#options
    try {
      let ending: Ending
      do {
        this.#runner = this.#build()
        ending = await this.#runner.run()
      } while (ending instanceof Restart && !this.life.dead)
      if (!this.life.dead) onEnded(ending)
    } catch (error) {
      if (!this.life.dead) onEnded(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #build(): Runner {
    const { life, clock, storage, network, backend, patient, stoppedOf } = this.#options
    const { paths } = storage
    const own = clock.of(
      () => life.dead,
      (run) => life.defer(run),
    )
    const log = new EphemeralLog({ clock: own, write: () => {} })
    const configuration = new Configuration({
      environment: { MOLECULE_STATE_DIR: paths.folder },
      home: paths.folder,
      envFile: paths.envFile,
      log,
      program: { given: {}, defaults: DEFAULTS },
    })
    const pid = 1_000 + life.number
    const holder = { pid, startedAt: clock.now(), project: 'molecule connect', pidSpace: 'here' }
    return new Runner({
      config: validOf(configuration),
      isStale: () => configuration.update() === 'changed',
      backend,
      notice: { ready: async () => {}, stopping: async () => {} },
      sendsEmpty: false,
      once: false,
      wait: patient,
      forever: patient,
      clock: own,
      network,
      disk: this.#disk,
      log,
      paths,
      holder,
      session: `session of ${life.number}`,
      version: '0.0.0',
      clientOf: (target: Target) => new PlatformClient(target, { network, clock: own }),
      holders: new HolderWatch(own, holder, stoppedOf),
    })
  }
}

function validOf({ valid }: Configuration): Config {
  if (valid === undefined) throw new Error('the settings of the simulation are wrong')
  return valid
}
