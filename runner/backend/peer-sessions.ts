/** Which session of the answering program belongs to whom, so that a conversation goes on. Kept in the state folder. */
import { join } from 'node:path'
import { z } from 'zod'
import { readRegularFile, replaceFile } from '../../member/folder/regular-file.ts'
import type { Request } from './backend.ts'

const schema = z.record(z.string(), z.string())
/** Beyond this, the one that was quiet for longest begins anew. */
const MAX_SESSIONS = 1_000

export class PeerSessions {
  readonly #path: string

  /** @param name of the program whose sessions they are. */
  constructor(folder: string, name: string) {
    this.#path = join(folder, `${name}-sessions.json`)
  }

  find(request: Request): string | undefined {
    return this.#read()[keyOf(request)]
  }

  /** @throws the file system's error. */
  keep(request: Request, session: string): void {
    const key = keyOf(request)
    const { [key]: before, ...others } = this.#read()
    if (before === session) return
    const entries = [...Object.entries(others), [key, session] as const].slice(-MAX_SESSIONS)
    replaceFile(this.#path, `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`)
  }

  /** The session is gone: the next message begins a new one. */
  forget(request: Request): void {
    const { [keyOf(request)]: _, ...others } = this.#read()
    replaceFile(this.#path, `${JSON.stringify(others, null, 1)}\n`)
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
