/**
 * What a JSON-RPC method of A2A asks for, under its names in every version. The web chat loads this very file. Pure.
 *
 * @typedef {'message' | 'get' | 'cancel' | 'list' | 'subscribe' | 'push-config' | 'card'} A2aCall
 */

/** @type {ReadonlyMap<string, A2aCall>} */
const CALLS = new Map([
  ['message/send', 'message'],
  ['message/stream', 'message'],
  ['sendmessage', 'message'],
  ['sendstreamingmessage', 'message'],
  ['tasks/send', 'message'],
  ['tasks/sendsubscribe', 'message'],
  ['tasks/get', 'get'],
  ['gettask', 'get'],
  ['tasks/cancel', 'cancel'],
  ['canceltask', 'cancel'],
  ['tasks/list', 'list'],
  ['listtasks', 'list'],
  ['tasks/resubscribe', 'subscribe'],
  ['subscribetotask', 'subscribe'],
  ['tasksubscription', 'subscribe'],
  ['agent/getauthenticatedextendedcard', 'card'],
  ['getextendedagentcard', 'card'],
])

/**
 * @param {string} method in any case; empty for an envelope that names none, which is taken as a message
 * @returns {A2aCall | undefined} undefined for a method that A2A does not have
 */
export function callOf(method) {
  const name = method.toLowerCase()
  if (name === '') return 'message'
  return CALLS.get(name) ?? (name.includes('pushnotificationconfig') ? 'push-config' : undefined)
}
