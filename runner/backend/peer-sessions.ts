/** Which session of the answering program belongs to whom, so that a conversation goes on. Kept in the state folder. */
import { join } from 'node:path'
import { z } from 'zod'
import { describeError } from '../../base/errors.ts'
import { readRegularFile, replaceFile } from '../../member/folder/regular-file.ts'
import type { Request } from './backend.ts'

const schema = z.record(z.string(), z.string())
/** Beyond this, the one that was quiet for longest begins anew. */
const MAX_SESSIONS = 1_000

export class PeerSessions {
  readonly #path: string
  readonly #warn: (sentence: string) => void

  /** @param name of the program whose sessions they are. */
  constructor(folder: string, name: string, warn: (sentence: string) => void) {
    this.#warn = warn
    this.#path = join(folder, `${name}-sessions.json`)
  }

  find(request: Request): string | undefined {
    return this.#read()[keyOf(request)]
  }

  keep(request: Request, session: string): void {
    const key = keyOf(request)
    const { [key]: before, ...others } = this.#read()
    if (before === session) return
    const entries = [...Object.entries(others), [key, session] as const].slice(-MAX_SESSIONS)
    this.#write(Object.fromEntries(entries))
  }

  /** The session is gone: the next message begins a new one. */
  forget(request: Request): void {
    const { [keyOf(request)]: _, ...others } = this.#read()
    this.#write(others)
  }

  /** An answer is worth more than the session that it came from. */
  #write(sessions: Readonly<Record<string, string>>): void {
    try {
      replaceFile(this.#path, `${JSON.stringify(sessions, null, 1)}\n`)
    } catch (error) {
      this.#warn(`Cannot keep which session belongs to whom: ${describeError(error)}.`)
    }
  }

  #read(): Readonly<Record<string, string>> {
    try {
      return schema.parse(JSON.parse(readRegularFile(this.#path)))
    } catch {
      // No file, or a damaged one: every conversation begins anew.
      return {}
    }
  }
}

/** A peer has one conversation with each of our workspaces, and so has the person in the chat. */
function keyOf({ workspaceId, peerId, kind }: Request): string {
  return `${workspaceId} ${peerId ?? kind}`
}
