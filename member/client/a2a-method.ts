/** What a row's JSON-RPC method asks for, under its names in every version of A2A. Pure. */

/** `control`: a question or an instruction for the agent's server, not for the model. */
type Purpose = 'message' | 'cancel' | 'control'

const MESSAGES = new Set([
  'message/send',
  'message/stream',
  // A2A 1.0
  'sendmessage',
  'sendstreamingmessage',
  // A2A 0.1
  'tasks/send',
  'tasks/sendsubscribe',
])
const CANCELS = new Set(['tasks/cancel', 'canceltask'])

/** @param method as the platform stored it; platforms also store messages without one. */
export function purposeOf(method: string): Purpose {
  const name = method.toLowerCase()
  if (name === '' || MESSAGES.has(name)) return 'message'
  return CANCELS.has(name) ? 'cancel' : 'control'
}
