/**
 * The inbox of a Claude Code session: a unix socket that the client names to its own child processes. Whoever writes to
 * it opens with the token that came with it; nothing ever comes back.
 */
import { lstatSync } from 'node:fs'
import { basename, dirname, isAbsolute } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { describeError } from '../../../base/errors.ts'
import type { InboxVariables } from '../../../base/inbox-variables.ts'
import { setValue } from '../../../member/settings/setting-text.ts'

export interface InboxAddress {
  readonly path: string
  readonly token: string
}

export type FoundInbox =
  | { readonly address: InboxAddress }
  /** Why there is none to be used, as the end of a sentence. */
  | { readonly refusal: string }

export interface InboxSearch {
  /** How the client says where it is. */
  readonly variables: InboxVariables
  /** The processes that may be the host of this one. */
  readonly hostPids: readonly number[]
  /** The user that this process runs as; undefined where the system knows none. */
  readonly uid: number | undefined
}

/** The client names the socket after its own process. */
const NAME = /^(\d+)\.sock$/
const TOKEN = /^[\x21-\x7e]{1,500}$/
/** The client reads the line at once: whatever takes longer hangs. */
const TIMEOUT_MS = 5_000

/** Finds the inbox of the session that started this process, if it is that session's own, and closed to other users. */
export function findInbox({ variables, hostPids, uid }: InboxSearch): FoundInbox {
  const [path, token] = [variables.socket, variables.token].map(setValue)
  if (path === undefined || token === undefined) {
    return { refusal: 'this version of Claude Code, or its settings, gives the plugin no inbox to ring' }
  }
  const pid = Number(NAME.exec(basename(path))?.[1])
  if (!isAbsolute(path) || Number.isNaN(pid) || !TOKEN.test(token)) {
    return { refusal: 'this version of Claude Code names its inbox in a way that this plugin does not know' }
  }
  if (!hostPids.includes(pid)) return { refusal: 'the inbox it was given is that of another session' }
  const problem = notClosed(path, uid)
  return problem === undefined ? { address: { path, token } } : { refusal: problem }
}

function notClosed(path: string, uid: number | undefined): string | undefined {
  try {
    const [socket, folder] = [lstatSync(path), lstatSync(dirname(path))]
    if (!socket.isSocket() || !folder.isDirectory()) return 'its inbox is not a socket in a folder'
    if ([socket, folder].some((one) => uid !== undefined && one.uid !== uid)) {
      return 'its inbox belongs to another user'
    }
    return (socket.mode & 0o077) === 0 && (folder.mode & 0o077) === 0
      ? undefined
      : 'its inbox is open to other users'
  } catch (error) {
    return `its inbox cannot be found: ${describeError(error)}`
  }
}

/**
 * Puts a prompt into the inbox, as one that the model gets at the next opportunity.
 *
 * @throws Error when it certainly did not get there.
 */
export async function putInto(
  { path, token }: InboxAddress,
  prompt: string,
  signal: AbortSignal,
  clock: Pick<Clock, 'after'>,
): Promise<void> {
  // Complete before the connection is made: the client gives a half line no time.
  const lines = [
    { type: 'auth', token },
    { type: 'user', message: { role: 'user', content: prompt } },
  ].map((frame) => `${JSON.stringify(frame)}\n`)
  // Loaded with the first bell: the handshake of every session would wait for it.
  const { connect } = await import('node:net')
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ path })
    const abort = (): void => void socket.destroy(new Error('the session ends'))
    if (signal.aborted) abort()
    const cancel = clock.after(TIMEOUT_MS, () => {
      // What has left may have been read, by a client that leaves the connection open.
      if (socket.writableFinished) socket.destroy()
      else socket.destroy(new Error('the inbox does not answer'))
    })
    socket.once('connect', () => socket.end(lines.join('')))
    // Nothing is expected; unread bytes would keep the connection open.
    socket.resume()
    socket.once('error', reject)
    socket.once('close', () => {
      cancel()
      signal.removeEventListener('abort', abort)
      resolve()
    })
    signal.addEventListener('abort', abort, { once: true })
  })
}
