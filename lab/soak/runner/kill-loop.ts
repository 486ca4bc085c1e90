/**
 * Kills a runner again and again, at any moment from its start on, while a peer writes to it. Then lets one run until
 * everything is answered, and judges both what the backend was given and what the peer received.
 */

import { answerId } from '../../../runner/reply-route.ts'
import { Dice } from '../../dice.ts'
import type { ConnectProcess } from '../../driver/connect-process.ts'
import { pause } from '../../driver/pause.ts'
import { Peer } from '../../driver/peer.ts'
import type { Member } from '../../driver/scene.ts'
import { until } from '../../driver/until.ts'
import { judgeAnswers } from '../../judge/answers.ts'
import { judge } from '../../judge/judge.ts'
import { elapsedMs } from '../../stopwatch.ts'
import type { RunnerArguments } from '../arguments.ts'
import type { PlatformLife } from '../platform-life.ts'
import { RunRecord } from '../run-record.ts'
import { Desk } from '../writers.ts'
import { PeerInbox } from './peer-inbox.ts'
import { RunnerLives } from './runner-lives.ts'
import type { KillLoopOutcome } from './table.ts'

export interface KillLoopOptions extends Omit<RunnerArguments, 'of'> {
  readonly platform: PlatformLife
  readonly folder: string
  readonly say: (line: string) => void
}

/** Share of kills that need not wait until the runner receives. */
const DURING_START = 0.3
/** A message that meets five kills is set aside. So after so many lives without an answer, one lives until there is one. */
const MAX_LIVES_WITHOUT_ANSWER = 3
const MAX_START_MS = 600
const MAX_WORK_MS = 700
const MAX_WRITE_PAUSE_MS = 120
/** Covers the longest time in which the platform is down. */
const WRITE_TRIES = 60
/** How long an answer is on its way: kills must meet answers that have left and are not yet recorded. */
const ANSWER_MS = 40
/** Share of lives in which the platform refuses some answers at first: kills must meet one that has to leave again. */
const BUSY = 0.3
const MAX_REFUSALS = 3
const MEAN_CALM_MS = 2_500
const MAX_DOWN_MS = 1_500
const ANSWERED_WITHIN_MS = 180_000
const LOOK_MS = 200
const SAY_EVERY = 10

export async function killLoop(options: KillLoopOptions): Promise<KillLoopOutcome> {
  const loop = new KillLoop(options)
  await loop.begin()
  await loop.kill()
  await loop.drain()
  return loop.outcome()
}

class KillLoop {
  readonly #options: KillLoopOptions
  readonly #record = new RunRecord()
  readonly #desk: Desk
  readonly #peer: Member
  readonly #workspace: Member
  readonly #inbox: PeerInbox
  readonly #lives: RunnerLives
  #killsDuringStart = 0
  #answers = 0
  #livesWithoutAnswer = 0
  #drainedAfterMs: number | undefined

  constructor(options: KillLoopOptions) {
    const { platform, folder } = options
    const [peer, workspace] = platform.members
    if (peer === undefined || workspace === undefined) throw new Error('the platform has no team')
    this.#options = options
    this.#peer = peer
    this.#workspace = workspace
    this.#desk = new Desk(platform, this.#record)
    this.#inbox = new PeerInbox(new Peer(platform.url, peer))
    this.#lives = new RunnerLives({ folder, platformUrl: platform.url, workspace })
  }

  /** A first start reads only what is recent, so the first message waits for it. */
  async begin(): Promise<void> {
    await this.#hold()
    const runner = await this.#lives.start()
    await runner.serving()
    await this.#write()
    await this.#options.platform.begin(this.#workspace.id)
    await until('the first answer', async () => (await this.#inbox.read()).length > 0)
    runner.kill()
    await runner.exit()
  }

  async kill(): Promise<void> {
    const { kills, messages, killsPlatform, seed, say } = this.#options
    const dice = new Dice(seed, 'kills')
    const pen = new Dice(seed, 'peer')
    const over = new AbortController()
    const trouble = killsPlatform ? this.#troublePlatform(over.signal) : Promise.resolve()
    for (let kill = 1; kill <= kills; kill++) {
      const due = Math.round((messages * kill) / kills)
      const writing = this.#writeUpTo(due, pen)
      await this.#live(dice)
      await writing
      if (kill % SAY_EVERY === 0) say(`${kill} kills, ${this.#record.written.size} messages written`)
    }
    over.abort()
    await trouble
  }

  /** One life, to its violent end. */
  async #live(dice: Dice): Promise<void> {
    const runner = await this.#lives.start()
    const life = this.#lives.number
    if (dice.chance(BUSY)) await this.#hold(dice.between(1, MAX_REFUSALS))
    const isDuringStart = dice.chance(DURING_START) && !this.#isStuck
    const ended = runner.exit().then(() => 'ended' as const)
    if (isDuringStart) await pause(dice.between(0, MAX_START_MS))
    else {
      await Promise.race([runner.serving(), ended])
      await pause(dice.between(0, MAX_WORK_MS))
    }
    if (this.#isStuck) await until('an answer', () => this.#isAnswering(), ANSWERED_WITHIN_MS)
    if (!runner.stderr.includes('is received here')) this.#killsDuringStart++
    runner.kill()
    const code = await runner.exit()
    this.#checkKilled(life, runner, code)
    this.#livesWithoutAnswer = (await this.#isAnswering()) ? 0 : this.#livesWithoutAnswer + 1
  }

  get #isStuck(): boolean {
    return this.#livesWithoutAnswer >= MAX_LIVES_WITHOUT_ANSWER
  }

  /** Whether there are more answers than the last time, or there is nothing to answer. */
  async #isAnswering(): Promise<boolean> {
    const before = this.#answers
    try {
      this.#answers = (await this.#inbox.read()).length
    } catch {
      // The platform is down.
    }
    return this.#answers > before || this.#answers >= this.#record.written.size
  }

  #checkKilled(life: number, { stderr }: ConnectProcess, code: number): void {
    // 128 and the number of SIGKILL.
    if (code === 137) return
    this.#record.unexpected.push(
      `runner ${life} ended by itself with exit code ${code}: ${stderr.slice(-300)}`,
    )
  }

  async #troublePlatform(signal: AbortSignal): Promise<void> {
    const { platform, seed } = this.#options
    const dice = new Dice(seed, 'platform')
    const { deeds } = this.#record
    while (!signal.aborted) {
      await pause(dice.pause(MEAN_CALM_MS), signal)
      if (signal.aborted) return
      const way = dice.chance(0.5) ? 'kill' : 'stop'
      if (way === 'kill') deeds.platformKills++
      else deeds.platformStops++
      await platform.restart(way, dice.between(0, MAX_DOWN_MS))
      await this.#hold()
    }
  }

  /**
   * The platform takes its time for each answer, and completes it also when the runner is gone.
   *
   * @param refusals how many it does not take at first.
   */
  async #hold(refusals = 0): Promise<void> {
    const path = `/workspaces/${this.#peer.id}/a2a`
    const slow = { kind: 'slow', path, times: 0, ms: ANSWER_MS } as const
    const busy = { kind: 'datastore_503', path, times: refusals } as const
    await this.#options.platform.setFaults({ answers: refusals === 0 ? [slow] : [busy, slow] })
  }

  async #writeUpTo(count: number, dice: Dice): Promise<void> {
    while (this.#record.written.size < count) {
      await pause(dice.between(0, MAX_WRITE_PAUSE_MS))
      await this.#write()
    }
  }

  async #write(): Promise<void> {
    const { key, accepted } = await this.#desk.write(this.#peer, this.#workspace.id, 0, WRITE_TRIES)
    if (!accepted) this.#record.unexpected.push(`the platform did not accept ${key}`)
  }

  async drain(): Promise<void> {
    const from = elapsedMs()
    const runner = await this.#lives.start()
    const isDone = async (): Promise<boolean> => {
      await pause(LOOK_MS)
      const answered = new Set((await this.#inbox.read()).map(({ messageId }) => messageId))
      return answered.size >= this.#record.written.size
    }
    try {
      await until('all answers', isDone, ANSWERED_WITHIN_MS)
      this.#drainedAfterMs = elapsedMs() - from
    } catch (error) {
      this.#record.unexpected.push(`not all was answered in the calm at the end: ${String(error)}`)
    }
    runner.kill('SIGTERM')
    const code = await runner.exit()
    if (code !== 0)
      this.#record.unexpected.push(`the last runner ended with exit code ${code}: ${runner.stderr}`)
  }

  async outcome(): Promise<KillLoopOutcome> {
    const { platform, kills } = this.#options
    const messages = await platform.messages(this.#workspace.id)
    const given = this.#lives.given()
    const questions = messages.map(({ name, activityId }) => ({
      name,
      answerId: answerId(this.#workspace.id, activityId),
    }))
    const written = [...this.#record.written.values()]
    const accepted = written.filter((one) => one.accepted).map(({ key }) => key)
    const answers = await this.#inbox.read()
    return {
      kills,
      killsDuringStart: this.#killsDuringStart,
      deeds: this.#record.deeds,
      written: written.length,
      accepted: accepted.length,
      answers: answers.length,
      given: given.length,
      drainedAfterMs: this.#drainedAfterMs,
      verdict: judge({ messages, accepted, written: given }),
      answerFaults: judgeAnswers(questions, answers),
      unexpected: this.#record.unexpected,
    }
  }
}
