/** The notifications the plugin sends to its host, and the prompt that a host makes from them. */
import { z } from 'zod'

const eventSchema = z.object({
  method: z.literal('notifications/claude/channel'),
  params: z.object({ content: z.string(), meta: z.record(z.string(), z.string()) }),
})
export type EventParams = z.infer<typeof eventSchema>['params']

const verdictSchema = z.object({
  method: z.literal('notifications/claude/channel/permission'),
  params: z.object({ request_id: z.string(), behavior: z.enum(['allow', 'deny']) }),
})
/** The answer to a permission request that came from outside the terminal. */
export type PermissionVerdict = z.infer<typeof verdictSchema>['params']

export function readEvent(message: unknown): EventParams | undefined {
  return eventSchema.safeParse(message).data?.params
}

export function readVerdict(message: unknown): PermissionVerdict | undefined {
  return verdictSchema.safeParse(message).data?.params
}

/** The prompt in which a host gives an event to the model, and which it hands to the prompt hook. */
export function promptOf({ content, meta }: EventParams): string {
  const attributes = Object.entries({ source: 'plugin:molecule:molecule', ...meta })
  const tag = `<channel ${attributes.map(([name, value]) => `${name}="${value}"`).join(' ')}>`
  return `${tag}\n${content}\n</channel>`
}
