/**
 * What this session does under one configuration: it receives, if its host listens, or else stands by and finds out
 * what waits. What the prompt hook is given can turn one into the other.
 */

import { describeError } from '../../base/errors.ts'
import type { PeekedMessage } from '../../member/feed/peek.ts'
import { isHeld, lockPaths } from '../../member/folder/lock.ts'
import { Afterwards } from '../../member/ledger/afterwards.ts'
import type { Ledger } from '../../member/ledger/ledger.ts'
import type { Config } from '../../member/settings/config.ts'
import type { Membership } from '../../member/workspace/membership.ts'
import { readAncestors } from '../host/hearing/ancestors.ts'
import { judgeHearing, START_WITH_CHANNEL } from '../host/hearing/listener.ts'
import type { Receipt } from '../host/hearing/receipt.ts'
import { SETTLED_MS, SessionHearing } from '../host/hearing/session-hearing.ts'
import type { Claimed } from '../host/tools/tool-context.ts'
import { Bystander } from './bystander.ts'
import { Reception, type ReceptionOptions } from './reception.ts'

export type AttendanceOptions = Omit<ReceptionOptions, 'config' | 'ledger'>

interface Circumstances {
  readonly config: Config
  readonly ledger: Ledger
  readonly clientName: string | undefined
}

export class Attendance {
  readonly hearing: SessionHearing
  readonly #o: AttendanceOptions
  readonly #afterwards: Afterwards
  #given: Circumstances | undefined
  /** One of the two, between `begin` and `end`. */
  #reception: Reception | undefined
  #bystander: Bystander | undefined

  constructor(options: AttendanceOptions) {
    this.#o = options
    this.#afterwards = new Afterwards({
      ledger: () => this.#given?.ledger,
      log: options.log.debug,
    })
    this.hearing = new SessionHearing((fact) =>
      this.#afterwards.add((ledger) => ledger.evidence.note(fact, Date.now())),
    )
  }

  /** None while this session stands by. */
  get memberships(): readonly Membership[] {
    return this.#reception?.memberships ?? []
  }

  /** Begins to receive, or to stand by. */
  begin(config: Config, ledger: Ledger, clientName: string | undefined): void {
    const isNew = this.#given?.ledger !== ledger
    this.#given = { config, ledger, clientName }
    this.hearing.judge(
      judgeHearing({
        mode: config.channelMode,
        clientName,
        ancestors: clientName === 'claude-code' ? readAncestors() : [],
      }),
    )
    if (isNew) {
      // What was learned of this session belongs to each ledger it writes to.
      for (const fact of this.hearing.facts) {
        this.#afterwards.add((target) => target.evidence.note(fact, Date.now()))
      }
    }
    this.#attend()
  }

  /** Ends all of it at once; nothing is waited for. */
  end(): void {
    this.#afterwards.flush()
    this.#reception?.stop()
    this.#reception = undefined
    this.#bystander?.stop()
    this.#bystander = undefined
  }

  /** As in the tools' context. */
  submitted(receipt: Receipt | undefined): string | undefined {
    if (receipt !== undefined) {
      this.#afterwards.add((ledger) => ledger.markConfirmed(receipt.workspaceId, receipt.activityId))
      this.hearing.receipted()
      if (this.#bystander !== undefined) setImmediate(() => this.#considerReceiving())
      return undefined
    }
    this.hearing.prompted()
    setImmediate(() => this.#afterPrompt())
    return this.#bystander?.notice()
  }

  /** What waits on the platform that nobody reads, if this session stands by. */
  async unread(signal: AbortSignal): Promise<readonly PeekedMessage[]> {
    return (await this.#bystander?.unread(signal)) ?? []
  }

  /** Has this session hold workspaces that another one may hold. */
  async claim(workspaceIds: readonly string[], signal: AbortSignal): Promise<readonly Claimed[]> {
    const reception = this.#reception
    if (reception === undefined) return []
    return Promise.all(
      workspaceIds.map(async (workspaceId) => ({
        ...(await reception.claim(workspaceId, signal)),
        workspaceId,
      })),
    )
  }

  #attend(): void {
    if (this.#given === undefined) return
    const { config, ledger } = this.#given
    const { mayHold, because, remedy = START_WITH_CHANNEL } = this.hearing.verdict
    if (mayHold) {
      this.#reception = new Reception({ ...this.#o, config, ledger })
      this.#reception.start()
      return
    }
    this.#o.log.info(`does not receive messages: ${because}`)
    const { locks } = this.#o.paths
    this.#bystander = new Bystander({
      config,
      ledger,
      isHeld: (workspaceId) => isHeld(lockPaths(locks, workspaceId).lock),
      unheard: this.hearing.isRefuted,
      remedy,
      since: this.#o.holder.startedAt,
      log: this.#o.log.debug,
    })
    this.#bystander.look()
  }

  /** Somebody typed; the answer to the hook has gone out. */
  #afterPrompt(): void {
    this.#bystander?.look()
    if (!this.hearing.isOpen || this.#reception === undefined) return
    try {
      const { evidence } = this.#reception.ledger
      const unheard = evidence.unconfirmed(this.#reception.held(), Date.now() - SETTLED_MS)
      if (unheard === 0) return
      this.hearing.refute(unheard)
    } catch (error) {
      // The next prompt asks again.
      this.#o.log.debug(`cannot tell whether the host listens: ${describeError(error)}`)
      return
    }
    this.#o.log.warn('gives its workspaces back, since nobody listens')
    this.end()
    this.#attend()
  }

  /** A receipt came although nobody seemed to listen. */
  #considerReceiving(): void {
    if (this.#bystander === undefined || !this.hearing.verdict.mayHold) return
    this.#o.log.info('receives again, since the host passes messages on')
    this.end()
    this.#attend()
  }
}
