/**
 * Whether the person wants this session to be rung: said in this session, or in the settings. A session that asks for no
 * permissions does what a message asks for, so there the person is told what that means before, once.
 */
import type { ChannelMode } from '../../member/settings/setting-table.ts'
import { asksNothing, type ClientSettings } from '../host/doorbell/client-settings.ts'
import type { HostInbox } from '../host/doorbell/host-inbox.ts'
import type { DoorbellEvidence } from '../host/hearing/listener.ts'

const MEANING =
  'asks for no permissions, so whatever Claude decides to do about a message from another agent or person is done without asking'
const BYPASS_NOTICE = `Messages of the Molecule platform arrive in this session, as you asked or MOLECULE_CHANNEL=doorbell says. It ${MEANING}. To go on without them, type /molecule:receive off, or choose another permission mode.`
export const BYPASS_QUESTION = `Nothing was changed. Before messages arrive here, tell the user that this session ${MEANING}. If the user still wants to receive, call claim_channel again with user_accepts_bypass.`
const TO_BE_TOLD = 'it asks for no permissions, and the person is told with the next prompt what that means'

export class Consent {
  readonly #inbox: HostInbox
  /** What the person said in this session. */
  #word: 'receive' | 'stop' | undefined
  /** The person was told what it means where nothing is asked. */
  #isTold = false
  /** As the prompt hook last reported it. */
  #mode: string | undefined

  constructor(inbox: HostInbox) {
    this.#inbox = inbox
  }

  /** The prompt hook reported the permission mode. @returns whether it is another than before. */
  noteMode(mode: string): boolean {
    const isNew = mode !== this.#mode
    this.#mode = mode
    return isNew
  }

  /**
   * The person said so.
   *
   * @param isTold and knows what it means where nothing is asked.
   * @returns false, and counts for nothing, when the person must be told that first.
   */
  say(isTold: boolean): boolean {
    if (isTold) this.#isTold = true
    if (this.#mustTell(this.#inbox.look)) return false
    this.#word = 'receive'
    return true
  }

  /** The person said the opposite. */
  unsay(): void {
    this.#word = 'stop'
  }

  get isUnsaid(): boolean {
    return this.#word === 'stop'
  }

  evidence(mode: ChannelMode, clientVersion: string | undefined): DoorbellEvidence {
    const inbox = this.#inbox.look()
    const isAsked = this.#isAsked(mode)
    const isKept = isAsked && this.#word !== 'receive' && this.#mustTell(() => inbox)
    return { isAsked, clientVersion, refusal: inbox.refusal ?? (isKept ? TO_BE_TOLD : undefined) }
  }

  /**
   * What to tell the person at a prompt, once: before this session is rung because the settings say so, or when it comes to
   * ask for no permissions later.
   */
  notice(mode: ChannelMode): string | undefined {
    const { look } = this.#inbox
    if (!this.#isAsked(mode) || !this.#mustTell(look) || look().refusal !== undefined) return undefined
    this.#isTold = true
    return BYPASS_NOTICE
  }

  #isAsked(mode: ChannelMode): boolean {
    return this.#word === 'receive' || mode === 'doorbell'
  }

  /** @param look called only where no hook has reported the mode: it reads files. */
  #mustTell(look: () => Pick<ClientSettings, 'asksNothing'>): boolean {
    if (this.#isTold) return false
    return this.#mode === undefined ? look().asksNothing : asksNothing(this.#mode)
  }
}
