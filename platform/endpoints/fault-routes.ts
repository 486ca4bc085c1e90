/** The one endpoint for fault switches. It exists only while the platform listens on loopback. */
import { parseJson } from '../base/json.ts'
import { readText } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { faultChangeSchema } from '../contract/faults.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'

export function faultRoutes(services: Services): readonly Route[] {
  const path = '/admin/faults'
  return [
    { method: 'GET', path, gate: 'admin', handle: () => json(services.faults.state()) },
    { method: 'PUT', path, gate: 'admin', handle: (call) => change(services, call) },
    { method: 'DELETE', path, gate: 'admin', handle: () => json(services.faults.reset()) },
    { method: 'POST', path: `${path}/close-streams`, gate: 'admin', handle: () => closeStreams(services) },
  ]
}

async function change(services: Services, call: Call): Promise<Response> {
  const { text } = await readText(call.request)
  const checked = faultChangeSchema.safeParse(parseJson(text)?.value)
  if (checked.success) return json(services.faults.change(checked.data))
  const [issue] = checked.error.issues
  throw refuse(400, `fault switch ${issue?.path.join('.') || ''}: ${issue?.message ?? 'invalid'}`)
}

function closeStreams(services: Services): Response {
  services.events.endStreams()
  return json({ status: 'closed' })
}
