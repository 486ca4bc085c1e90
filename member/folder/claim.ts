/**
 * A session's request to hold a workspace that another one holds: a file beside the lock. The holder releases the lock
 * when it sees one, and everyone but the claimant leaves the lock alone while the claim is fresh. It decides nothing:
 * the kernel says who holds the lock, and a claim that is ignored expires.
 */
import { rmSync } from 'node:fs'
import { z } from 'zod'
import { regularFileStat } from './file-stat.ts'
import { readRegularFile, replaceFile } from './regular-file.ts'

const claimSchema = z.object({
  /** Identifies the claimant: a pid is not unique where containers share a folder. */
  session: z.string(),
  pid: z.number().int(),
  /** The folder the claimant works in. */
  project: z.string(),
  /** Milliseconds since the epoch. */
  at: z.number(),
})
export type Claim = Readonly<z.infer<typeof claimSchema>>

/** A claimant without the lock by then has died or given up. */
export const CLAIM_FRESH_MS = 10_000

export class ClaimFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** @throws the file system's error. */
  write(claim: Claim): void {
    replaceFile(this.#path, JSON.stringify(claim))
  }

  /**
   * The fresh claim of another session, if any. Never throws: an unreadable one counts as none.
   *
   * @param own the session that asks.
   * @param now milliseconds since the epoch.
   */
  foreign(own: string, now: number): Claim | undefined {
    const claim = this.#read()
    if (claim === undefined || claim.session === own) return undefined
    // In both directions, so that a claim ends even if the clock was set back.
    return Math.abs(now - claim.at) < CLAIM_FRESH_MS ? claim : undefined
  }

  /** Removes the claim, unless it is a fresh one of another session. */
  clear(own: string, now: number): void {
    try {
      if (regularFileStat(this.#path) === undefined || this.foreign(own, now) !== undefined) return
      rmSync(this.#path, { force: true })
    } catch {
      // The file stays, and its claim expires in seconds.
    }
  }

  #read(): Claim | undefined {
    try {
      // Called every second: throwing each time there is no claim would cost far more than the call.
      if (regularFileStat(this.#path) === undefined) return undefined
      return claimSchema.safeParse(JSON.parse(readRegularFile(this.#path))).data
    } catch {
      // Something else lies there, or the claim was just removed.
      return undefined
    }
  }
}
