/**
 * The two versions of A2A in which a platform calls agents. A call is passed on in the version in which it came; one of
 * version 0.3 is translated for an agent that speaks only 1.0. Pure.
 */
import { asObject, type JsonObject, parseJson } from '../base/json.ts'
import { type Part, readParts, textOf } from './a2a-parts.js'

export type A2aVersion = '0.3' | '1.0'

/** The header in which a client names the version of its call; without it an agent assumes 0.3. */
export const VERSION_HEADER = 'A2A-Version'
const VERSION_NOT_SUPPORTED = -32009

/** By the method: those of 1.0 are named like types. */
export function versionOf({ method }: JsonObject): A2aVersion {
  return typeof method === 'string' && /^[A-Z]/.test(method) ? '1.0' : '0.3'
}

/** Whether an agent's answer refuses the version of the call, so that it has done nothing. */
export function refusesVersion(answer: string): boolean {
  return asObject(asObject(parseJson(answer)?.value).error).code === VERSION_NOT_SUPPORTED
}

const METHODS = new Map([
  ['message/send', 'SendMessage'],
  ['tasks/get', 'GetTask'],
  ['tasks/cancel', 'CancelTask'],
])

/**
 * The same call in version 1.0, with the fields that this version knows.
 *
 * @returns undefined for a call that is not translated.
 */
export function inVersion1(envelope: JsonObject): JsonObject | undefined {
  const method = METHODS.get(textOf(envelope.method))
  if (method === undefined) return undefined
  const params = asObject(envelope.params)
  const call = { jsonrpc: '2.0', id: envelope.id, method }
  if (method !== 'SendMessage') return { ...call, params: pick(params, ['id', 'historyLength', 'metadata']) }
  const message = asObject(params.message)
  return {
    ...call,
    params: {
      ...pick(params, ['metadata']),
      message: {
        ...pick(message, ['messageId', 'contextId', 'taskId', 'metadata', 'extensions', 'referenceTaskIds']),
        role: message.role === 'agent' ? 'ROLE_AGENT' : 'ROLE_USER',
        parts: readParts(message.parts).map(partInVersion1),
      },
    },
  }
}

function partInVersion1(part: Part): JsonObject {
  switch (part.kind) {
    case 'text':
      return { text: part.text }
    case 'data':
      return { data: part.data }
    case 'file': {
      const { name: filename, mimeType: mediaType, uri, base64 } = part
      const content = base64 === undefined ? { url: uri } : { raw: base64 }
      return { ...content, filename, ...(mediaType === '' ? {} : { mediaType }) }
    }
    case 'unknown':
      return { text: `[${part.name} cannot be passed on]` }
  }
}

function pick(fields: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (fields[name] == null ? [] : [[name, fields[name]]])))
}
