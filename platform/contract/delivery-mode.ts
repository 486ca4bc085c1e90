/** How messages reach a workspace. Pure. */
import { isExternalRuntime } from './status.ts'

export type DeliveryMode = 'push' | 'poll'

/** What a row says about it; an empty mode is that of an external workspace which has not said yet. */
interface Stored {
  readonly delivery_mode: string
  readonly runtime: string
  readonly url: string
}

export function asDeliveryMode(text: string): DeliveryMode | undefined {
  return text === 'push' || text === 'poll' ? text : undefined
}

/** The mode stored at creation when the creator names none: an external agent chooses when it registers. */
export function modeAtCreation(external: boolean): DeliveryMode | '' {
  return external ? '' : 'push'
}

/** How a message is delivered now. Before the agent has chosen, it is stored, unless a URL to push to is known. */
export function deliveryModeNow({ delivery_mode: mode, url }: Stored): DeliveryMode {
  return asDeliveryMode(mode) ?? (url === '' ? 'poll' : 'push')
}

/**
 * The mode after a register, in the contract's order: the payload's, the row's, poll for an external runtime, push.
 *
 * @param stored undefined while there is no row.
 */
export function effectiveDeliveryMode(
  requested: DeliveryMode | undefined,
  stored: Pick<Stored, 'delivery_mode' | 'runtime'> | undefined,
): DeliveryMode {
  if (requested !== undefined) return requested
  if (stored === undefined) return 'push'
  return asDeliveryMode(stored.delivery_mode) ?? (isExternalRuntime(stored.runtime) ? 'poll' : 'push')
}
