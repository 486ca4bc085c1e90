/** Everything that processes wrote to their hosts, and which of it the hosts read. */
import { z } from 'zod'
import { readPage } from '../driver/read-page.ts'
import type { Showing } from '../judge/evidence.ts'

const metaSchema = z.object({
  kind: z.string(),
  activity_id: z.string(),
  workspace_id: z.string(),
  redelivered: z.literal('true').optional(),
  digest_count: z.string().optional(),
})
const paramsSchema = z.object({ content: z.string(), meta: metaSchema })
type EventParams = z.infer<typeof paramsSchema>
const eventSchema = z.object({ method: z.literal('notifications/claude/channel'), params: paramsSchema })
const verdictSchema = z.object({
  method: z.literal('notifications/claude/channel/permission'),
  params: z.object({ request_id: z.string(), behavior: z.enum(['allow', 'deny']) }),
})
const lineSchema = z.discriminatedUnion('method', [eventSchema, verdictSchema])

/** Called for a line once the host has read it. */
export type Reading =
  /** Called when the model is given messages. */
  | { readonly kind: 'prompt'; readonly showings: readonly Showing[] }
  /** Returns false when the host drops it: the call was given up. */
  | { readonly kind: 'result'; readonly showings: readonly Showing[]; readonly onRead: () => boolean }
  | { readonly kind: 'other' }

export interface GivenVerdict {
  readonly requestId: string
  readonly allowed: boolean
  /** The process whose host was notified. */
  readonly process: number
}

export class Sightings {
  readonly begun: Showing[] = []
  /** What a model was given, in that order. */
  readonly read: Showing[] = []
  readonly verdicts: GivenVerdict[] = []
  digests = 0
  /** What a host dropped, since the call whose result it was had been given up. */
  readonly dropped = new Set<Showing>()
  /** The messages that one digest contains. */
  readonly #inDigest: (workspaceId: string, lead: string) => readonly string[]

  constructor(inDigest: (workspaceId: string, lead: string) => readonly string[]) {
    this.#inDigest = inDigest
  }

  /** Called when a process begins to write a line. */
  begin(line: string, process: number): Reading {
    const { method, params } = lineSchema.parse(JSON.parse(line))
    if (method === 'notifications/claude/channel/permission') {
      const { request_id: requestId, behavior } = params
      this.verdicts.push({ requestId, allowed: behavior === 'allow', process })
      return { kind: 'other' }
    }
    // Of the plugin itself: it holds no message.
    if (params.meta.kind === 'probe') return { kind: 'other' }
    return { kind: 'prompt', showings: this.#showings(params, process) }
  }

  /** Called when a process begins to write the result of a call that reads messages. */
  beginPage(text: string, process: number): readonly Showing[] {
    return readPage(text).flatMap((event) => this.#showings(paramsSchema.parse(event), process))
  }

  #showings({ content, meta }: EventParams, process: number): readonly Showing[] {
    const { activity_id: lead, workspace_id: workspaceId, redelivered, digest_count } = meta
    if (digest_count !== undefined) this.digests++
    // A digest shows what its text names, whatever it stands for.
    const isNamed = (id: string): boolean => content.includes(`[${id}`)
    const ids = digest_count === undefined ? [lead] : this.#inDigest(workspaceId, lead).filter(isNamed)
    return ids.map((activityId) =>
      this.note({ activityId, workspaceId, redelivered: redelivered !== undefined, session: process }),
    )
  }

  /** Called when a process begins to show a message. */
  note(showing: Omit<Showing, 'order'>): Showing {
    const noted = { ...showing, order: this.begun.length }
    this.begun.push(noted)
    return noted
  }
}
