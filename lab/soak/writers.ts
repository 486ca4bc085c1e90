/**
 * The writers: the person, in several chats at once, in bursts and with pauses; and each agent to the others, no faster
 * than a conversation. What an agent writes faster is shown a minute later in a digest, which is not one event per
 * message and could not be judged here.
 */

import { z } from 'zod'
import type { Dice } from '../dice.ts'
import { messageRequest } from '../driver/a2a-request.ts'
import { directFetch } from '../driver/direct-fetch.ts'
import { pause } from '../driver/pause.ts'
import type { Member } from '../driver/scene.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { PlatformLife } from './platform-life.ts'
import { messageText, type RunRecord, type Written } from './run-record.ts'

const acceptedSchema = z.object({ status: z.literal('queued'), delivery_mode: z.literal('poll') })

const MEAN_PAUSE_MS = 400
const BURST = 0.06
const MAX_IN_BURST = 80
const TIMEOUT_MS = 3_000
/** An agent repeats a message that was not answered, under the same id. A person does not. */
const AGENT_TRIES = 3
const RETRY_MS = 300
const CHATS = 3
/**
 * This many messages from one agent to another in this time are no burst for the plugin (20 within a minute), though
 * each may be stored as late as its last try.
 */
const AGENT_MESSAGES = 16
const AGENT_WINDOW_MS = 60_000 + AGENT_TRIES * (TIMEOUT_MS + RETRY_MS)

export interface Writer {
  /** Undefined for the person. */
  readonly from: Member | undefined
  readonly to: readonly string[]
}

export class Desk {
  readonly #platform: PlatformLife
  readonly #record: RunRecord
  /** When each agent wrote to each other one, by {@link elapsedMs}. */
  readonly #recent = new Map<string, readonly number[]>()

  constructor(platform: PlatformLife, record: RunRecord) {
    this.#platform = platform
    this.#record = record
  }

  /** The person, who writes to everyone, and each member, who writes to the others. */
  writers(): readonly Writer[] {
    const ids = this.#platform.members.map(({ id }) => id)
    return [
      ...Array.from({ length: CHATS }, () => ({ from: undefined, to: ids })),
      ...this.#platform.members.map((from) => ({ from, to: ids.filter((id) => id !== from.id) })),
    ]
  }

  /** Writes until the signal aborts. */
  async work(writer: Writer, dice: Dice, signal: AbortSignal): Promise<void> {
    const { from } = writer
    while (!signal.aborted) {
      await pause(dice.pause(MEAN_PAUSE_MS), signal)
      const to = dice.pick(writer.to)
      const count = dice.chance(BURST) ? dice.between(5, MAX_IN_BURST) : 1
      for (let left = count; left > 0 && !signal.aborted; left--) {
        if (from !== undefined && !this.#mayWrite(from, to)) break
        await this.write(from, to, length(dice), from === undefined ? 1 : AGENT_TRIES)
      }
    }
  }

  /** Whether an agent stays below the plugin's limit. If so, counts the message that it then writes. */
  #mayWrite(from: Member, to: string): boolean {
    const pair = `${from.id} ${to}`
    const now = elapsedMs()
    const recent = (this.#recent.get(pair) ?? []).filter((at) => now - at < AGENT_WINDOW_MS)
    if (recent.length >= AGENT_MESSAGES) return false
    this.#recent.set(pair, [...recent, now])
    return true
  }

  /** Writes one message. @returns what was written, accepted or not. */
  async write(from: Member | undefined, to: string, characters: number, tries: number): Promise<Written> {
    const written: Written = { key: crypto.randomUUID(), workspaceId: to, characters, accepted: false }
    this.#record.written.set(written.key, written)
    for (let left = tries; left > 0; left--) {
      written.accepted = await this.#send(from, written)
      if (written.accepted) break
      if (left > 1) await pause(RETRY_MS)
    }
    return written
  }

  async #send(from: Member | undefined, written: Written): Promise<boolean> {
    try {
      const response = await directFetch(`${this.#platform.url}/workspaces/${written.workspaceId}/a2a`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${from?.token ?? this.#platform.adminToken}`,
          'Content-Type': 'application/json',
          ...(from === undefined ? {} : { 'X-Workspace-ID': from.id }),
        },
        body: JSON.stringify(messageRequest(messageText(written), { messageId: written.key })),
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      return response.status === 200 && acceptedSchema.safeParse(await response.json()).success
    } catch {
      // No answer, or an unreadable one: the message may be stored, but does not count as accepted.
      return false
    }
  }
}

/** Mostly a few lines, now and then a page, rarely more than a pipe holds. */
function length(dice: Dice): number {
  const kind = dice.between(1, 100)
  if (kind <= 80) return dice.between(0, 400)
  return kind <= 98 ? dice.between(400, 8_000) : dice.between(8_000, 90_000)
}
