/** Hosts without the channel that can be rung. */
import type { HostKind } from './sim-process.ts'

export interface RungHost {
  /** The person has asked for it in the settings; otherwise only `claim_channel` does. */
  readonly isAsked: boolean
  /** Why its inbox may not be used. */
  readonly refusal?: string
  /** Whether its model is given the bells. */
  readonly passesOn: boolean
}

const COMMON = { clientName: 'claude-code', command: ['claude'], listens: false, hooks: true } as const

export const RUNG_HOSTS = {
  bySettings: { ...COMMON, rung: { isAsked: true, passesOn: true } },
  byWord: { ...COMMON, rung: { isAsked: false, passesOn: true } },
  withoutHooks: { ...COMMON, hooks: false, rung: { isAsked: true, passesOn: true } },
  /** Takes every bell, and passes none on. */
  inVain: { ...COMMON, rung: { isAsked: true, passesOn: false } },
  refusing: { ...COMMON, rung: { isAsked: true, refusal: 'its settings refuse it', passesOn: false } },
  /** Asked to be rung, and has the channel: that alone is used. */
  withChannel: {
    ...COMMON,
    command: ['claude', '--channels', 'plugin:molecule@molecule-channel'],
    listens: true,
    rung: { isAsked: true, passesOn: true },
  },
} as const satisfies Record<string, HostKind>
