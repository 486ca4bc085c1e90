/** The bodies of requests as the plugin must send them, in full. */
import { z } from 'zod'

export const registrationSchema = z.object({
  id: z.string(),
  delivery_mode: z.literal('poll'),
  agent_card: z.object({ name: z.string(), description: z.string(), version: z.string() }),
})
const count = z.number().int().nonnegative()
export const heartbeatSchema = z.object({
  workspace_id: z.string(),
  error_rate: z.number().min(0).max(1),
  sample_error: z.string(),
  active_tasks: count,
  current_task: z.string(),
  uptime_seconds: count,
  runtime_state: z.literal('wedged').optional(),
  runtime_metadata: z.record(z.string(), z.unknown()),
})
export const acknowledgementSchema = z.object({
  acked_seq: count,
  receipts: z.array(z.object({ activity_id: z.string(), state: z.enum(['seen', 'answered']) })).optional(),
})
