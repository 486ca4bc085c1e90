/** How messages reach the model of this session, judged from all that is known about its host and from its person's word. */
import type { Config } from '../../member/settings/config.ts'
import type { HostInbox } from '../host/doorbell/host-inbox.ts'
import {
  type DoorbellEvidence,
  type Hearing,
  type HearingEvidence,
  judgeHearing,
} from '../host/hearing/listener.ts'
import type { SessionHearing } from '../host/hearing/session-hearing.ts'
import { BYPASS_QUESTION, Consent } from './consent.ts'

/** What the host said of itself in `initialize`. */
export interface Client {
  readonly name: string | undefined
  readonly version: string | undefined
}

/** What a person can say: `receive in any mode` knows what it means where no permissions are asked for. */
export type Word = 'receive' | 'receive in any mode' | 'stop'

export interface HostSigns {
  /** The command lines of the ancestors of this process, nearest first. */
  readonly ancestors: () => HearingEvidence['ancestors']
  /** The variables that the host passed on. */
  readonly environment: HearingEvidence['environment']
  /** The inbox of the host, into which a bell goes. */
  readonly inbox: HostInbox
}

const UNSAID: Hearing = {
  mayHold: false,
  certain: true,
  because: 'its user has said so',
  remedy: 'type /molecule:receive',
}
const UNHEARD =
  'it has passed on none of the lines that told it of messages, so this version may take them in another way'

export class HostJudgement {
  readonly #signs: HostSigns
  readonly #hearing: SessionHearing
  readonly #consent: Consent
  #given: { readonly config: Config; readonly client: Client } | undefined
  /** The host was rung in vain. */
  #isUnheard = false

  constructor(signs: HostSigns, hearing: SessionHearing) {
    this.#signs = signs
    this.#hearing = hearing
    this.#consent = new Consent(signs.inbox)
  }

  /** Judges under a configuration. */
  judge(config: Config, client: Client): void {
    this.#given = { config, client }
    this.#hearing.judge(this.#judge(config, client))
  }

  /** Judges again, since something is known that was not before. @returns whether the session must change. */
  again(): boolean {
    const before = this.#hearing.verdict
    if (this.#given !== undefined) this.judge(this.#given.config, this.#given.client)
    const { mayHold, route } = this.#hearing.verdict
    return mayHold !== before.mayHold || route !== before.route
  }

  /** @returns whether the session must change; and why it does not receive, or what to do first. */
  say(word: Word): { readonly mustChange: boolean; readonly refusal: string | undefined } {
    if (word === 'stop') {
      this.#consent.unsay()
      return { mustChange: this.again(), refusal: undefined }
    }
    let mustChange = false
    if (!this.#hearing.verdict.mayHold) {
      if (!this.#consent.say(word === 'receive in any mode')) return { mustChange, refusal: BYPASS_QUESTION }
      // The person may have mended what kept it from being heard.
      this.#isUnheard = false
      mustChange = this.again()
    }
    const { mayHold, because, remedy } = this.#hearing.verdict
    return {
      mustChange,
      refusal: mayHold
        ? undefined
        : `This session cannot receive messages: ${because}. To have one that can, ${remedy}.`,
    }
  }

  /** The host was rung as often as allowed, and passed no bell on. */
  unheard(): void {
    this.#isUnheard = true
  }

  /** The host passed a bell on. @returns whether it was taken for one that passes none on. */
  heard(): boolean {
    const wasUnheard = this.#isUnheard
    this.#isUnheard = false
    return wasUnheard
  }

  /**
   * The host submitted a prompt that is none of ours.
   *
   * @param mode the permission mode of the session, if the hook says it.
   * @param isTyped the person may have typed it. With any other they may not be there to be told.
   * @returns what the person must know before this session is rung, once; and whether to judge again.
   */
  prompted(
    mode: string | undefined,
    isTyped: boolean,
  ): { readonly notice: string | undefined; readonly isNews: boolean } {
    const isNew = mode !== undefined && this.#consent.noteMode(mode)
    const { mayHold, route } = this.#hearing.verdict
    const isOverChannel = mayHold && route !== 'doorbell'
    if (this.#given === undefined || isOverChannel) return { notice: undefined, isNews: false }
    const notice = isTyped ? this.#consent.notice(this.#given.config.channelMode) : undefined
    return { notice, isNews: isNew || notice !== undefined }
  }

  /** All that keeps this session from being rung is that its person has not said so. */
  get lacksOnlyWord(): boolean {
    if (this.#given === undefined || this.#hearing.verdict.mayHold) return false
    const { config, client } = this.#given
    const { refusal } = this.#signs.inbox.look()
    const asked = { isAsked: true, clientVersion: client.version, refusal }
    return this.#judgeWith(asked, config, client).mayHold
  }

  #judge(config: Config, client: Client): Hearing {
    if (this.#consent.isUnsaid) return UNSAID
    const doorbell = this.#consent.evidence(config.channelMode, client.version)
    return this.#judgeWith(this.#isUnheard ? { ...doorbell, refusal: UNHEARD } : doorbell, config, client)
  }

  #judgeWith(doorbell: DoorbellEvidence, { channelMode }: Config, { name }: Client): Hearing {
    const { ancestors, environment } = this.#signs
    return judgeHearing({
      mode: channelMode,
      clientName: name,
      ancestors: name === 'claude-code' ? ancestors() : [],
      environment,
      isRefuted: this.#hearing.isRefuted,
      doorbell,
    })
  }
}
