/**
 * The wish of a session to hold a workspace that another one holds: a file beside the lock. The holder gives the lock
 * back when it sees one, and everyone but the claimant leaves the lock alone while the claim is fresh. It decides
 * nothing: who holds is the kernel's word, and a claim that nobody heeds is merely not fulfilled.
 */
import { rmSync } from 'node:fs'
import { z } from 'zod'
import { readRegularFile, regularFileStat, replaceFile } from './regular-file.ts'

const claimSchema = z.object({
  /** Of the claimant; a pid alone is not unique where containers share a folder. */
  session: z.string(),
  pid: z.number().int(),
  /** The folder the claimant works in. */
  project: z.string(),
  /** Milliseconds since the epoch. */
  at: z.number(),
})
export type Claim = Readonly<z.infer<typeof claimSchema>>

/** A claimant that has not got the lock by then has died, or given up. */
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
   * The fresh claim of another session, if there is one. Never throws: what cannot be read is no claim.
   *
   * @param own the session that asks.
   */
  foreign(own: string, now: number): Claim | undefined {
    const claim = this.#read()
    if (claim === undefined || claim.session === own) return undefined
    // In both directions: a clock that was set back must not leave a claim that never ends.
    return Math.abs(now - claim.at) < CLAIM_FRESH_MS ? claim : undefined
  }

  /** Removes what is there, unless it is the fresh claim of another session. */
  clear(own: string, now: number): void {
    try {
      if (regularFileStat(this.#path) === undefined || this.foreign(own, now) !== undefined) return
      rmSync(this.#path, { force: true })
    } catch {
      // It stays, and is out of date in some seconds.
    }
  }

  #read(): Claim | undefined {
    try {
      // Asked every second: an error for each time that there is none would cost far more than the look.
      if (regularFileStat(this.#path) === undefined) return undefined
      return claimSchema.safeParse(JSON.parse(readRegularFile(this.#path))).data
    } catch {
      // Something else lies there, or it has just been taken away.
      return undefined
    }
  }
}
