/**
 * What gemini and opencode print with their work: one event in a line, as JSON. Their plain output would mix what they say
 * between two uses of a tool with the answer, and say nothing of a tool that was refused.
 */
import { z } from 'zod'
import { BackendFailure } from './backend.ts'

const eventSchema = z.object({
  type: z.string(),
  /** Who says the content of gemini's event "message". */
  role: z.string().optional(),
  content: z.string().optional(),
  /** Of opencode's events: a text, or why a step is over. */
  part: z.object({ text: z.string().optional(), reason: z.string().optional() }).optional(),
  error: z
    .object({
      name: z.string().optional(),
      message: z.string().optional(),
      data: z.object({ message: z.string().optional() }).optional(),
    })
    .optional(),
})
type Event = z.infer<typeof eventSchema>

/** Why it failed, if it says so. Pure. */
export function errorIn(output: string): string | undefined {
  const error = eventsIn(output).findLast((event) => event.error !== undefined)?.error
  return error?.data?.message ?? error?.message ?? error?.name
}

/**
 * What it said after its last use of a tool. Pure.
 *
 * @throws BackendFailure when it did not come to its end.
 */
export function answerIn(output: string): string {
  const events = eventsIn(output)
  const last = events.findLast(({ type }) => type === 'result' || type === 'step_finish')
  if (last === undefined) throw new BackendFailure('It printed none of the events that end its work.')
  if (last.part?.reason === 'tool-calls') {
    const message = 'It ended without an answer after its use of a tool, which its settings may have refused.'
    throw new BackendFailure(message, { isFinal: true })
  }
  const begin = events.findLastIndex(({ type }) => type === 'tool_use') + 1
  return events.slice(begin).map(textOf).join('').trim()
}

function textOf({ type, role, content = '', part }: Event): string {
  if (type === 'text') return part?.text ?? ''
  return type === 'message' && role === 'assistant' ? content : ''
}

/** Lines that are no event, such as warnings, are skipped. */
function eventsIn(output: string): readonly Event[] {
  return output.split('\n').flatMap((line) => {
    try {
      return [eventSchema.parse(JSON.parse(line))]
    } catch {
      return []
    }
  })
}
