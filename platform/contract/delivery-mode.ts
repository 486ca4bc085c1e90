/** How messages reach a workspace. Pure. */
import { isExternalRuntime } from './status.ts'

export type DeliveryMode = 'push' | 'poll'

export function asDeliveryMode(text: string): DeliveryMode | undefined {
  return text === 'push' || text === 'poll' ? text : undefined
}

/**
 * The mode in force, in the order the contract gives: what the payload says, what the row holds, poll for an external
 * runtime, push.
 *
 * @param stored the row's mode and runtime; undefined when there is no row yet
 */
export function effectiveDeliveryMode(
  requested: DeliveryMode | undefined,
  stored: { readonly deliveryMode: string; readonly runtime: string } | undefined,
): DeliveryMode {
  if (requested !== undefined) return requested
  if (stored === undefined) return 'push'
  return asDeliveryMode(stored.deliveryMode) ?? (isExternalRuntime(stored.runtime) ? 'poll' : 'push')
}
