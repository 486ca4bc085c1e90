/** The inbox of this session's host, as far as it may be used. */
import type { Clock } from '../../../base/clock.ts'
import { takeInboxVariables } from '../../../base/inbox-variables.ts'
import { hostAndWrappers } from '../hearing/host-command.ts'
import { type ClientSettings, isClosed, readClientSettings } from './client-settings.ts'
import { findInbox, type InboxAddress, putInto } from './inbox-socket.ts'

type Environment = Record<string, string | undefined>

/** What is found when it is looked for. */
interface HostInboxState extends Pick<ClientSettings, 'asksNothing'> {
  /** Why no prompt can be put there, as the end of a sentence; undefined when it can. */
  readonly refusal: string | undefined
}

export interface HostInbox {
  readonly look: () => HostInboxState
  /**
   * Puts a prompt into it.
   *
   * @throws Error when it certainly did not get there.
   */
  readonly put: (prompt: string, signal: AbortSignal) => Promise<void>
}

export interface HostInboxOptions {
  readonly environment: Environment
  readonly home: string | undefined
  readonly ancestors: () => readonly (readonly string[])[]
  readonly hostPids: () => readonly number[]
  readonly clock: Pick<Clock, 'after'>
}

/**
 * @param options the two variables that lead to the inbox are taken out of its environment, so that no process which this
 *   one starts gets them.
 */
export function hostInbox({ environment, home, ancestors, hostPids, clock }: HostInboxOptions): HostInbox {
  const variables = takeInboxVariables(environment)
  const find = () => findInbox({ variables, hostPids: hostPids(), uid: process.getuid?.() })
  const look = (): HostInboxState & { readonly address?: InboxAddress } => {
    const { inbound, asksNothing } = readClientSettings({
      environment,
      home: home ?? '/',
      commands: hostAndWrappers(ancestors()),
    })
    if (isClosed(inbound)) {
      return { refusal: `the settings of Claude Code say crossSessionInbound: "${inbound}"`, asksNothing }
    }
    return { refusal: undefined, ...find(), asksNothing }
  }
  return {
    look,
    put: async (prompt, signal) => {
      // Looked for again: the client may have replaced it, or its settings refuse it by now.
      const { refusal, address } = look()
      if (address === undefined) throw new Error(refusal)
      await putInto(address, prompt, signal, clock)
    },
  }
}
