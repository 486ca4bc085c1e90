/** How messages reach a workspace. Pure. */
import { isExternalRuntime } from './status.ts'

export type DeliveryMode = 'push' | 'poll'

export function asDeliveryMode(text: string): DeliveryMode | undefined {
  return text === 'push' || text === 'poll' ? text : undefined
}

/**
 * The mode in force, in the contract's order: the payload's, the row's, poll for an external runtime, push.
 *
 * @param stored the row's mode and runtime; undefined while there is no row.
 */
export function effectiveDeliveryMode(
  requested: DeliveryMode | undefined,
  stored: { readonly deliveryMode: string; readonly runtime: string } | undefined,
): DeliveryMode {
  if (requested !== undefined) return requested
  if (stored === undefined) return 'push'
  return asDeliveryMode(stored.deliveryMode) ?? (isExternalRuntime(stored.runtime) ? 'poll' : 'push')
}
