/** What anyone may ask: is it up, which build is it, what may be uploaded. */
import { json, refuse } from '../base/response.ts'
import type { Metrics } from '../http/metrics.ts'
import type { Route } from '../http/router.ts'
import type { Services } from '../services.ts'

const MAX_ATTACHMENTS = 10

/** @param build identifies the code; what a hosted platform gives as its commit */
export function publicRoutes(services: Services, build: string, metrics: Metrics): readonly Route[] {
  const onlyWherePublic = (body: () => object) => () => {
    if (!services.rules().publicInfo) throw refuse(404, 'not found')
    return json(body())
  }
  return [
    {
      method: 'GET',
      path: '/metrics',
      gate: 'open',
      handle: () =>
        new Response(metrics.text(services), { headers: { 'Content-Type': 'text/plain; version=0.0.4' } }),
    },
    { method: 'GET', path: '/health', gate: 'open', handle: () => json({ status: 'ok' }) },
    { method: 'GET', path: '/buildinfo', gate: 'open', handle: onlyWherePublic(() => ({ git_sha: build })) },
    {
      method: 'GET',
      path: '/uploads/limits',
      gate: 'open',
      handle: onlyWherePublic(() => ({
        per_file_bytes: services.rules().uploadFileBytes,
        per_request_bytes: services.rules().uploadRequestBytes,
        max_attachments_per_message: MAX_ATTACHMENTS,
      })),
    },
  ]
}
