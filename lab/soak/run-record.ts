/** All that is remembered of a run: every message that was written, every event that a session read, every deed. */
import type { Showing } from '../judge/evidence.ts'

export interface Written {
  /** Names the message everywhere: its `messageId`, and the beginning of its text. */
  readonly key: string
  readonly workspaceId: string
  /** Length of its filling. */
  readonly characters: number
  /** The platform answered that it has it. Without this it may have it all the same. */
  accepted: boolean
}

/** What was done to the product, for the table. */
export interface Deeds {
  kills: number
  inputEnds: number
  interrupts: number
  /** Written to hosts that went with their session and never read them. */
  unreadEvents: number
  stalls: number
  longestStallMs: number
  sessions: number
  platformKills: number
  platformStops: number
  closedStreams: number
  faults: number
}

const FILLING = 'Text – with some 漢字 in it. '
const KEY_CHARS = 36

export function messageText({ key, characters }: Pick<Written, 'key' | 'characters'>): string {
  return `${key} ${FILLING.repeat(Math.ceil(characters / FILLING.length)).slice(0, characters)}`.trim()
}

export class RunRecord {
  readonly written = new Map<string, Written>()
  /** Every event a session read, in the order of reading. */
  readonly showings: Showing[] = []
  /** `performance.now()` of each message's first showing. */
  readonly shownAt = new Map<string, number>()
  /** Sentences on what should not have happened. */
  readonly unexpected: string[] = []
  /** Messages sent in calm moments, with the `performance.now()` from before each request. */
  readonly probes = new Map<string, number>()
  calmMoments = 0
  /** `performance.now()` when the trouble ended for the last time. */
  troubleEndedAt = 0
  /** Milliseconds from then until everything was shown. */
  drainedAfterMs: number | undefined
  readonly deeds: Deeds = {
    kills: 0,
    inputEnds: 0,
    interrupts: 0,
    unreadEvents: 0,
    stalls: 0,
    longestStallMs: 0,
    sessions: 0,
    platformKills: 0,
    platformStops: 0,
    closedStreams: 0,
    faults: 0,
  }

  /** Notes an event that session number `session` has just read. */
  see(
    { content, meta }: { readonly content: string; readonly meta: Readonly<Record<string, string>> },
    session: number,
  ): void {
    const key = content.slice(0, KEY_CHARS)
    const written = this.written.get(key)
    const { workspace_id: workspaceId = '', activity_id: activityId = '' } = meta
    if (written === undefined) {
      this.unexpected.push(`session ${session} was given what nobody wrote: ${content.slice(0, 80)}`)
      return
    }
    if (written.workspaceId !== workspaceId || content !== messageText(written)) {
      this.unexpected.push(`session ${session} was given a changed message: ${key} for ${workspaceId}`)
    }
    this.showings.push({
      order: this.showings.length,
      workspaceId,
      activityId,
      name: key,
      session,
      redelivered: meta.redelivered === 'true',
    })
    if (!this.shownAt.has(key)) this.shownAt.set(key, performance.now())
  }
}
