/** Calls an agent at its own URL, in a version of A2A that it speaks. */
import type { JsonObject } from '../base/json.ts'
import { inVersion1, refusesVersion, VERSION_HEADER, versionOf } from '../contract/a2a-version.ts'
import { type PushRequest, type PushResult, type PushSettings, push } from './push.ts'

export type AgentCall = Omit<PushRequest, 'body' | 'contentType' | 'headers'>

/** An agent that refuses the version of a call has not acted on it, so it gets the same call again in the other one. */
export async function callAgent(
  envelope: JsonObject,
  call: AgentCall,
  settings: PushSettings,
): Promise<PushResult> {
  const send = (body: JsonObject): Promise<PushResult> =>
    push(
      {
        ...call,
        body: JSON.stringify(body),
        contentType: 'application/json',
        headers: { [VERSION_HEADER]: versionOf(body) },
      },
      settings,
    )
  const result = await send(envelope)
  if (result.kind !== 'answered' || versionOf(envelope) === '1.0' || !refusesVersion(result.text))
    return result
  const translated = inVersion1(envelope)
  return translated === undefined ? result : send(translated)
}
