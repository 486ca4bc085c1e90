/** What a run leaves behind: every message written, every event read, every action. */
import type { EventParams } from '../driver/channel-event.ts'
import type { Showing } from '../judge/evidence.ts'
import { elapsedMs } from '../stopwatch.ts'

export interface Written {
  /** Identifies the message everywhere: its `messageId`, and the beginning of its text. */
  readonly key: string
  readonly workspaceId: string
  /** Length of the filler after the key. */
  readonly characters: number
  /** Whether the platform answered that it has the message. It may have it anyway. */
  accepted: boolean
}

/** What the run did to the product, for the table. */
export interface Deeds {
  kills: number
  inputEnds: number
  interrupts: number
  /** Events written to hosts that ended with their session and never read them. */
  unreadEvents: number
  stalls: number
  longestStallMs: number
  sessions: number
  platformKills: number
  platformStops: number
  closedStreams: number
  faults: number
}

const FILLER = 'Text – with some 漢字 in it. '
const KEY_CHARS = 36

export function messageText({ key, characters }: Pick<Written, 'key' | 'characters'>): string {
  return `${key} ${FILLER.repeat(Math.ceil(characters / FILLER.length)).slice(0, characters)}`.trim()
}

export class RunRecord {
  readonly written = new Map<string, Written>()
  /** Every event a session read, in the order of reading. */
  readonly showings: Showing[] = []
  /** When each message was first shown, by {@link elapsedMs}. */
  readonly shownAt = new Map<string, number>()
  /** Violations, one sentence each. */
  readonly unexpected: string[] = []
  /** Messages sent in calm moments, and when their request began, by {@link elapsedMs}. */
  readonly probes = new Map<string, number>()
  calmMoments = 0
  /** When the trouble last ended, by {@link elapsedMs}. */
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

  /** Records an event that a session has just read. */
  see({ content, meta }: EventParams, session: number): void {
    const key = content.slice(0, KEY_CHARS)
    const written = this.written.get(key)
    const { workspace_id: workspaceId = '', activity_id: activityId = '' } = meta
    if (written === undefined) {
      this.unexpected.push(`session ${session} was shown a text that nobody wrote: ${content.slice(0, 80)}`)
      return
    }
    if (written.workspaceId !== workspaceId || content !== messageText(written)) {
      this.unexpected.push(`session ${session} was shown an altered message: ${key} for ${workspaceId}`)
    }
    this.showings.push({
      order: this.showings.length,
      workspaceId,
      activityId,
      name: key,
      session,
      redelivered: meta.redelivered === 'true',
    })
    if (!this.shownAt.has(key)) this.shownAt.set(key, elapsedMs())
  }
}
