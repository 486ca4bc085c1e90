/**
 * What this session does under one configuration.
 *
 * - none: before `begin`, and after `end`.
 * - receiver: the host listens to the channel, as far as is known, or is rung at its person's word. Left for `observer`
 *   when the prompt hook sees typed prompts but none of the messages sent, or none of the bells.
 * - observer: the host does not listen, as far as is known. Left for `receiver` when the prompt hook sees a message, or a
 *   probe, after all; and at the person's word.
 */
import { describeError } from '../../base/errors.ts'
import type { IncomingFiles } from '../../member/files/incoming-files.ts'
import { receivedFiles } from '../../member/files/received-files.ts'
import { isHeld, lockPaths } from '../../member/folder/lock.ts'
import { DeferredWrites } from '../../member/ledger/deferred-writes.ts'
import type { Ledger } from '../../member/ledger/ledger.ts'
import type { Config } from '../../member/settings/config.ts'
import type { Membership } from '../../member/workspace/membership.ts'
import { Doorbell, type DoorbellView } from '../host/doorbell/doorbell.ts'
import type { Taken } from '../host/doorbell/reading-desk.ts'
import { START_WITH_CHANNEL } from '../host/hearing/listener.ts'
import type { BellReceipt, Receipt } from '../host/hearing/receipt.ts'
import { SessionHearing } from '../host/hearing/session-hearing.ts'
import type { Claimed } from '../host/tools/tool-context.ts'
import { type Client, HostJudgement, type HostSigns, type Word } from './host-judgement.ts'
import { Observer } from './observer.ts'
import { Probing } from './probing.ts'
import { type Circumstances, type HostSurroundings, Receiver } from './receiver.ts'

export type RoleSurroundings = HostSurroundings & HostSigns

/** What is being fetched goes on when the session becomes a receiver, or an observer. */
type Given = Circumstances & { readonly endFetching: () => void }

export class Role {
  readonly hearing: SessionHearing
  readonly judgement: HostJudgement
  readonly #surroundings: RoleSurroundings
  readonly #deferred: DeferredWrites
  readonly #bell: Doorbell
  #given: Given | undefined
  #receiver: Receiver | undefined
  #observer: Observer | undefined
  #probing: Probing | undefined

  constructor(surroundings: RoleSurroundings) {
    const { clock, log, inbox } = surroundings
    this.#surroundings = surroundings
    this.#deferred = new DeferredWrites({ ledger: () => this.#given?.ledger, log: log.debug, clock })
    this.hearing = new SessionHearing({
      now: clock.now,
      onFact: ({ fact, at }) => this.#deferred.add((ledger) => ledger.evidence.note(fact, at)),
    })
    this.judgement = new HostJudgement(surroundings, this.hearing)
    this.#bell = new Doorbell({ ring: inbox.put, onUnheard: () => this.#unheard(), log: log.warn, clock })
  }

  /** None while this session does not receive. */
  get memberships(): readonly Membership[] {
    return this.#receiver?.memberships ?? []
  }

  /** It has begun, and has not ended. */
  get begun(): boolean {
    return this.#given !== undefined
  }

  /** Why no message can be given to the host now; undefined while they can. */
  get deliveryProblem(): string | undefined {
    return this.#receiver?.problem
  }

  /** Bells, where this session is rung. */
  get doorbell(): DoorbellView | undefined {
    return this.#receiver?.doorbell?.view
  }

  /** Judges from its name and its command line whether the host listens, and whether it may be rung. */
  judge(config: Config, client: Client): void {
    this.judgement.judge(config, client)
  }

  /** The person said whether this session receives. @returns why it does not, or what to do first. */
  say(word: Word): string | undefined {
    const { mustChange, refusal } = this.judgement.say(word)
    if (mustChange) this.#restart()
    return refusal
  }

  /** Takes the next messages that wait to be read, where this session is rung. */
  async read(signal: AbortSignal): Promise<Taken | undefined> {
    return this.#receiver?.doorbell?.read(signal)
  }

  /** Starts receiving, or observing. */
  begin(config: Config, ledger: Ledger): void {
    const fetching = new AbortController()
    this.#given = {
      config,
      ledger,
      files: receivedFiles(this.#surroundings, config, fetching.signal),
      endFetching: () => fetching.abort(),
    }
    // Records that wait for a ledger.
    this.#deferred.flush()
    this.#noteFacts()
    this.#assume()
  }

  /**
   * Ends everything at once, without waiting. Waiting records go to the ledger of the next `begin`, since
   * this one may be about to close.
   */
  end(): void {
    this.#deferred.flush()
    this.#given?.endFetching()
    this.#given = undefined
    this.#leave()
  }

  #leave(): void {
    this.#receiver?.stop()
    this.#observer?.stop()
    this.#probing?.stop()
    this.#receiver = this.#observer = this.#probing = undefined
  }

  /** A message was stored that waits for delivery. */
  stored(): void {
    this.#receiver?.deliver()
  }

  /** As in the tools' context. */
  submitted(receipt: Receipt | BellReceipt | undefined, mode?: string, isTyped = true): string | undefined {
    const { clock } = this.#surroundings
    if (receipt !== undefined && 'bell' in receipt) {
      if (this.#bell.heard(receipt.bell)) {
        this.hearing.turnBegan()
        if (this.judgement.heard()) clock.after(0, () => this.#judgeAgain())
        return undefined
      }
    } else if (receipt !== undefined) {
      // Everything else waits until the response to the hook has gone out.
      this.#deferred.add((ledger) => ledger.markConfirmed(receipt.workspaceId, receipt.activityId))
      const wasProbe = this.#probing?.isProbe(receipt.activityId) === true
      this.hearing.heard()
      if (this.#observer !== undefined) clock.after(0, () => this.#considerReceiving(wasProbe))
      return undefined
    }
    const wasIdle = this.hearing.typed()
    const { notice, isNews } = this.judgement.prompted(mode, isTyped)
    clock.after(0, () => this.#afterPrompt(wasIdle, isNews))
    return notice ?? this.#observer?.notice() ?? this.#bell.prompted(isTyped) ?? this.hearing.notice()
  }

  /** The model has had its last word in a turn: it was given all that it read in it. */
  turnEnded(): void {
    this.hearing.turnEnded()
    const read = this.#bell.turnEnded()
    if (read.length > 0) this.#deferred.add((ledger) => ledger.markAllConfirmed(read))
  }

  /** The model called a tool. */
  toolCalled(): void {
    this.hearing.toolCalled()
    this.#bell.toolCalled()
    this.#observer?.look()
  }

  /** How many messages wait that no session receives, as of the last look, if this session observes. */
  get waiting(): number {
    return this.#observer?.waiting ?? 0
  }

  /** Reads what waits on the platform unread by any session, if this session observes. Never throws. */
  async update(signal: AbortSignal): Promise<void> {
    await this.#observer?.update(signal)
  }

  /** Puts the files of messages on disk; undefined while there is no configuration. */
  get files(): IncomingFiles | undefined {
    return this.#given?.files
  }

  /** Moves workspaces that another session may hold to this one. */
  async claim(workspaceIds: readonly string[], signal: AbortSignal): Promise<readonly Claimed[]> {
    const receiver = this.#receiver
    if (receiver === undefined) return []
    return Promise.all(
      workspaceIds.map(async (workspaceId) => ({
        ...(await receiver.claim(workspaceId, signal)),
        workspaceId,
      })),
    )
  }

  #assume(): void {
    if (this.#given === undefined) return
    const { config, ledger, files } = this.#given
    const { route, mayHold, isProbed, because, remedy = START_WITH_CHANNEL } = this.hearing.verdict
    if (mayHold) {
      this.#receiver = new Receiver(
        this.#surroundings,
        { config, ledger, files },
        route === 'doorbell' ? this.#bell : undefined,
      )
      this.#receiver.start()
      return
    }
    const { paths, disk, log, clock, write, holders } = this.#surroundings
    log.info(`does not receive messages: ${because}`)
    this.#observer = new Observer(this.#surroundings, config, ledger, {
      isServed: (workspaceId) => {
        const { lock, holder } = lockPaths(paths.locks, workspaceId)
        return isHeld(lock, disk) && holders.standstill(holder) === undefined
      },
      unheard: this.hearing.isRefuted,
      because,
      remedy,
    })
    if (isProbed !== true) {
      this.#observer.look()
      return
    }
    this.#probing = new Probing({
      observer: this.#observer,
      atPromptsOnly: this.hearing.isRefuted,
      write,
      clock,
      log: log.debug,
    })
    void this.#probing.run()
  }

  /** What was learned about this session is recorded in every ledger it writes to; recording a fact again does nothing. */
  #noteFacts(): void {
    for (const { fact, at } of this.hearing.facts) {
      this.#deferred.add((ledger) => ledger.evidence.note(fact, at))
    }
  }

  /**
   * The user typed a prompt.
   *
   * @param isNews it told something about how this session may receive.
   */
  #afterPrompt(wasIdle: boolean, isNews: boolean): void {
    if (isNews) this.#judgeAgain()
    this.#observer?.look()
    this.#probing?.prompted()
    // What a model has read, it was shown.
    if (this.#receiver === undefined || this.#receiver.doorbell !== undefined) return
    const { log } = this.#surroundings
    const { heardAt = 0 } = this.hearing
    try {
      const { ledger, settling } = this.#receiver
      const overdue = ledger.evidence.unconfirmed(this.#receiver.held(), heardAt, settling.before)
      this.hearing.weigh(overdue, wasIdle)
    } catch (error) {
      // The next prompt asks again.
      log.debug(`cannot tell whether the host listens: ${describeError(error)}`)
      return
    }
    if (this.hearing.verdict.mayHold) return
    log.warn('releases its workspaces, since the host does not listen')
    this.#restart()
  }

  #unheard(): void {
    this.#surroundings.log.warn('releases its workspaces, since Claude Code passes no bell on')
    this.judgement.unheard()
    this.#judgeAgain()
  }

  #judgeAgain(): void {
    if (this.judgement.again()) this.#restart()
  }

  #restart(): void {
    this.#leave()
    this.#assume()
  }

  /**
   * The hook got an event although the host did not seem to listen.
   *
   * @param wasProbe it was a probe, and not a message: what was written before is lost to the host.
   */
  #considerReceiving(wasProbe: boolean): void {
    if (this.#observer === undefined || !this.hearing.verdict.mayHold) return
    this.#surroundings.log.info('receives again, since the host passes messages on')
    if (wasProbe) {
      this.#deferred.flush()
      this.#given?.ledger.renew()
      this.#noteFacts()
    }
    this.#restart()
  }
}
