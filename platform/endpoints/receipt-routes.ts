/** GET /workspaces/:id/receipts/:messageId: how far a message of this workspace got. Our own addition. */
import { json, refuse } from '../base/response.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'

export const receiptRoute: Route = {
  method: 'GET',
  path: '/workspaces/:id/receipts/:messageId',
  gate: 'workspace',
  handle: read,
}

function read({ receipts, rules }: Services, call: Call): Response {
  if (!rules().receipts) throw refuse(404, 'not found')
  const targetId = call.url.searchParams.get('target_id')?.toLowerCase() ?? ''
  const receipt = receipts.ofSent(targetId, call.param('id'), call.param('messageId'))
  if (receipt === undefined) throw refuse(404, 'message not found')
  return json(receipt)
}
