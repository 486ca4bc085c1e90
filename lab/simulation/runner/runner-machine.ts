/** The machine on which a runner is kept running, and on which now and then a session claims its workspace. */
import type { Stopped } from '../../../member/folder/stopped-process.ts'
import { Ending, EXIT } from '../../../runner/exit-code.ts'
import type { Erasure } from '../../judge/evidence.ts'
import { DiskTrouble } from '../disk-trouble.ts'
import { erasuresBetween } from '../erasure.ts'
import { type Death, Life } from '../life.ts'
import { SimHost } from '../sim-host.ts'
import { EphemeralLog, HOSTS, SimProcess } from '../sim-process.ts'
import type { LogMark } from '../storage.ts'
import { RunnerProcess } from './runner-process.ts'
import { CONTRACTOR, type RunnerWorld } from './runner-world.ts'
import { SimBackend } from './sim-backend.ts'

/** A session's host has read the tool list, and its person has said what they want. */
const CLAIMS_AFTER_MS = 2_000
/** The service manager starts a process again within this time. */
const RESTART_MS = 4_000

export class RunnerMachine {
  readonly erasures: Erasure[] = []
  readonly disk: DiskTrouble
  readonly #world: RunnerWorld
  #runner: RunnerProcess | undefined
  #session: SimProcess | undefined
  /** The service manager has asked the runner to end, to start it again. */
  #signalled = false
  #deaths: number

  constructor(world: RunnerWorld) {
    const { clock, dice, figures, calmAt } = world
    this.#world = world
    this.disk = new DiskTrouble({ clock, dice, calmAt: () => calmAt, figures })
    // The last makes every process die soon, so that the same message is interrupted again and again.
    this.#deaths = dice.pick([0, 1, 2, 4, 8, dice.chance(0.3) ? 100 : 2])
  }

  get runner(): RunnerProcess | undefined {
    return this.#runner
  }

  /** The number of the process that holds a workspace. */
  readonly holderOf = (workspaceId: string): number | undefined =>
    [this.#runner, this.#session].find((process) => process?.holds(workspaceId))?.life.number

  startRunner(): void {
    const { clock, dice, storage, figures, platform, outages, calmAt, repair } = this.#world
    if (this.#runner !== undefined) return
    figures.runners++
    this.#signalled = false
    const isFatal = this.#deaths-- > 0 && clock.now() < calmAt
    const death = dice.pick(['killed', 'killed', 'killed', 'torn', 'power'] as const)
    const life = new Life(++figures.processes, {
      fuse: isFatal ? 20 + dice.upTo(death === 'torn' ? 60 : 250) : Number.POSITIVE_INFINITY,
      death,
      onDeath: (how, since) => this.#died(how, since),
    })
    this.#world.runners.add(life.number)
    const isCalm = (): boolean => clock.now() >= calmAt
    const own = clock.of(
      () => life.dead,
      (run) => life.defer(run),
    )
    this.#runner = new RunnerProcess({
      life,
      clock,
      storage,
      network: outages.through(platform.network(life)),
      backend: new SimBackend({
        life,
        clock: own,
        dice,
        repair,
        isCalm,
        onFatal: () => {
          this.#died('killed', undefined)
          throw new Error('the process died')
        },
        onGiven: (request) => this.#world.noteGiven(life.number, request),
        onFailed: ({ activityId }) => this.#world.failed.add(activityId),
      }),
      trouble: this.disk,
      patient: dice.chance(0.8),
      stoppedOf: (pid) => this.#stoppedOf(pid),
      onEnded: (ending) => {
        const problem = this.#signalled ? undefined : problemOf(ending)
        if (problem !== undefined) this.#world.faults.push(`a runner ended ${problem}`)
        this.#endRunner()
      },
    })
    this.#runner.start()
  }

  /** A signal asks the runner to end; a second one, that it ends at once. */
  terminate(): void {
    const { clock, dice } = this.#world
    const runner = this.#runner
    if (runner === undefined || runner.life.stopped) return
    this.#world.figures.terminations++
    this.#signalled = true
    runner.terminate()
    if (dice.chance(0.3)) clock.after(dice.upTo(3_000), () => runner.terminate())
  }

  /** A person opens a session, moves the workspace there, and closes the session again. */
  visit(): void {
    const { clock, dice, storage, figures, platform, outages, sightings, calmAt } = this.#world
    if (this.#session !== undefined) return
    const leavesAt = clock.now() + CLAIMS_AFTER_MS + dice.upTo(20_000)
    if (leavesAt > calmAt) return
    const life = new Life(++figures.processes, {
      fuse: Number.POSITIVE_INFINITY,
      death: 'killed',
      onDeath: () => {},
    })
    const session: SimProcess = new SimProcess({
      life,
      clock,
      storage,
      network: outages.through(platform.network(life)),
      host: new SimHost({
        clock,
        dice,
        sightings,
        process: life.number,
        listens: true,
        calmAt,
        onRead: (showings) => {
          for (const showing of showings) if (dice.chance(0.5)) session.receipt(showing)
        },
      }),
      kind: HOSTS.withChannel,
      isFull: this.disk.isFull,
      isBusy: this.disk.isBusy,
      stoppedOf: (pid) => this.#stoppedOf(pid),
      log: new EphemeralLog({ clock, write: () => {} }),
      onResult: () => [],
    })
    this.#session = session
    session.start()
    clock.after(CLAIMS_AFTER_MS, () => {
      if (session.life.dead) return
      if (dice.chance(0.5)) void this.#giveTask(session)
      if (dice.chance(0.2)) return
      figures.claims++
      void session.call('claim_channel', {})
    })
    clock.at(leavesAt, () => {
      if (this.#session !== session) return
      this.#session = undefined
      if (dice.chance(0.7)) session.stop()
      else session.kill()
    })
  }

  /** The session's model leaves a task with the platform. */
  async #giveTask(session: SimProcess): Promise<void> {
    const { left } = this.#world
    const outcome = await session.call('delegate_task_async', { workspace_id: CONTRACTOR.id, task: 'a task' })
    const [, id] = /Task (\S+) was left with the platform/.exec(outcome?.text ?? '') ?? []
    if (id !== undefined && outcome?.text.includes('cannot be tracked') === false) left.add(id)
  }

  /** The runner stands still for some time. */
  suspend(): void {
    const { clock, dice, calmAt, figures } = this.#world
    const life = this.#runner?.life
    if (life === undefined || life.stopped) return
    figures.suspensions++
    life.stop()
    clock.at(Math.min(clock.now() + dice.upTo(15_000), calmAt), () => life.resume())
  }

  /** Every process dies, and everything not flushed is lost. */
  powerFails(): void {
    const { figures, storage, dice, sightings } = this.#world
    figures.powerCuts++
    this.#endRunner()
    this.#session?.kill()
    this.#session = undefined
    const before = storage.records()
    if (storage.cut(dice.random)) figures.tornWrites++
    this.erasures.push(...erasuresBetween(before, storage.records(), sightings.begun.length))
  }

  /** Ends every process. */
  end(): void {
    this.#runner?.kill()
    this.#session?.kill()
  }

  #stoppedOf(pid: number): Stopped | undefined {
    const life = this.#runner?.life
    return life?.stopped === true && 1_000 + life.number === pid ? 'plugin' : undefined
  }

  #died(death: Death, since: LogMark | undefined): void {
    const { figures, storage, dice } = this.#world
    figures.crashes++
    const isAlone = this.#session === undefined
    if (death === 'power') {
      this.powerFails()
      return
    }
    this.#endRunner()
    // Another process that has the files open has the whole log.
    if (since !== undefined && isAlone && storage.cut(dice.random, since)) figures.tornWrites++
  }

  #endRunner(): void {
    const { clock, dice } = this.#world
    if (this.#runner === undefined) return
    this.#runner.kill()
    this.#runner = undefined
    clock.after(100 + dice.upTo(RESTART_MS), () => this.startRunner())
  }
}

/** Why a service manager does not start it again, or should not have to. */
function problemOf(ending: Ending | Error): string | undefined {
  if (!(ending instanceof Ending)) return `with an error that nobody foresaw: ${ending.stack}`
  const isFinal = ending.exitCode === EXIT.ended || ending.exitCode === EXIT.usage
  return isFinal ? `for good, with exit code ${ending.exitCode}: ${ending.message}` : undefined
}
