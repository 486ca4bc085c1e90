/** What anyone may ask: whether the platform is up, which build it is, how much may be uploaded. */
import { json, refuse } from '../base/response.ts'
import type { Route } from '../http/router.ts'
import type { Services } from '../services.ts'

/** In place of a hosted platform's commit. */
const BUILD = 'local-platform'
const MAX_ATTACHMENTS = 10

export const publicRoutes: readonly Route[] = [
  { method: 'GET', path: '/health', gate: 'open', handle: () => json({ status: 'ok' }) },
  { method: 'GET', path: '/metrics', gate: 'open', handle: metrics },
  { method: 'GET', path: '/buildinfo', gate: 'open', handle: buildInfo },
  { method: 'GET', path: '/uploads/limits', gate: 'open', handle: uploadLimits },
]

function metrics(services: Services): Response {
  return new Response(services.metrics.text(services), {
    headers: { 'Content-Type': 'text/plain; version=0.0.4' },
  })
}

function buildInfo({ rules }: Services): Response {
  if (!rules().publicInfo) throw refuse(404, 'not found')
  return json({ git_sha: BUILD })
}

function uploadLimits({ rules }: Services): Response {
  const { publicInfo, uploadFileBytes, uploadRequestBytes } = rules()
  if (!publicInfo) throw refuse(404, 'not found')
  return json({
    per_file_bytes: uploadFileBytes,
    per_request_bytes: uploadRequestBytes,
    max_attachments_per_message: MAX_ATTACHMENTS,
  })
}
