/** The endpoint for fault injection. It exists only while the platform listens on loopback. */
import { parseJson } from '../base/json.ts'
import { readText } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { faultChangeSchema } from '../contract/faults.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'

export const faultRoutes: readonly Route[] = [
  { method: 'GET', path: '/admin/faults', gate: 'admin', handle: ({ faults }) => json(faults.state()) },
  { method: 'PUT', path: '/admin/faults', gate: 'admin', handle: change },
  { method: 'DELETE', path: '/admin/faults', gate: 'admin', handle: ({ faults }) => json(faults.reset()) },
  { method: 'POST', path: '/admin/faults/close-streams', gate: 'admin', handle: closeStreams },
]

async function change(services: Services, call: Call): Promise<Response> {
  const { text } = await readText(call)
  const checked = faultChangeSchema.safeParse(parseJson(text)?.value)
  if (checked.success) return json(services.faults.change(checked.data))
  const [issue] = checked.error.issues
  const field = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  throw refuse(400, `invalid faults: ${field}${issue?.message ?? 'not an object'}`)
}

function closeStreams({ events }: Services): Response {
  events.endStreams()
  return json({ status: 'closed' })
}
