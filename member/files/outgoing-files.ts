/**
 * Files that are to leave the machine: opened once, judged by what was opened, and read from that same open file, so
 * that nothing can be put in its place between the judgement and the reading.
 */

import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, relative, sep } from 'node:path'
import { codeOf } from '../../base/errors.ts'
import { plainText } from '../../base/plain-text.ts'
import { looksLikeStateFolder } from '../folder/state-folder.ts'
import { megabytes } from './attachments.ts'
import { kindOfContent, trueMimeType } from './file-kinds.ts'
import { KEY_HEAD_BYTES, secretByContent, secretByPath, secretFoldersOf } from './secret-files.ts'

export interface OutgoingRules {
  readonly maxBytes: number
  /** The plugin's own folder: nothing of it leaves. */
  readonly stateFolder: string
  /** Only files below one of these leave; undefined: from anywhere. */
  readonly roots: readonly string[] | undefined
  /** The user's home folder; by default that of this process. */
  readonly home?: string
}

/** A sentence without a subject that says why a file is not sent, and what to do instead. */
export class RefusedFile extends Error {
  override readonly name = 'RefusedFile'
}

const CHUNK_BYTES = 256 * 1024
const MAX_NAME_CHARS = 100
// Without O_NONBLOCK the opening of a pipe would wait for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** An open file that may leave. */
export class OpenFile {
  readonly name: string
  readonly mimeType: string
  readonly size: number
  readonly #handle: FileHandle

  private constructor(handle: FileHandle, name: string, mimeType: string, size: number) {
    this.#handle = handle
    this.name = name
    this.mimeType = mimeType
    this.size = size
  }

  /**
   * Opens a file and judges it. The caller closes it.
   *
   * @throws {@link RefusedFile}
   */
  static async open(path: string, rules: OutgoingRules): Promise<OpenFile> {
    if (!isAbsolute(path)) throw new RefusedFile('is no absolute path: give the whole path')
    const real = await orRefuse(realpath(path))
    await checkPlace(real, rules)
    // Already before it is opened: to close a second name of a lock file drops the lock this process holds on it, and
    // to open a device can do something.
    checkKind(await orRefuse(lstat(real)))
    const handle = await orRefuse(open(real, FLAGS))
    try {
      const size = await checkOpened(handle, path, real, rules)
      const head = new Uint8Array(KEY_HEAD_BYTES)
      const { bytesRead } = await handle.read(head, 0, head.byteLength, 0)
      const secret = secretByContent(head.subarray(0, bytesRead))
      if (secret !== undefined) throw new RefusedFile(`${secret}: ${NEVER}`)
      const declared = Bun.file(real).type.split(';')[0] ?? ''
      const mimeType = trueMimeType(kindOfContent(head.subarray(0, bytesRead)), declared)
      const name = plainText(basename(path), MAX_NAME_CHARS) || 'file'
      return new OpenFile(handle, name, mimeType, size)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  /**
   * The bytes, a small part at a time: as many as there were when it was judged, whatever is appended meanwhile.
   *
   * @throws Error when it has become shorter.
   */
  readonly read = (): AsyncGenerator<Uint8Array> => this.#chunks()

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (let position = 0; position < this.size; ) {
      // A new buffer for each part: the one before may still be on its way.
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, this.size - position))
      const { bytesRead } = await this.#handle.read(chunk, 0, chunk.byteLength, position)
      if (bytesRead === 0) throw new Error(`${this.name} became shorter while it was sent`)
      position += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  }
}

const NEVER = 'such files are never sent. Send only what is needed of it, without the secrets, as text.'

async function checkPlace(real: string, { stateFolder, roots, home }: OutgoingRules): Promise<void> {
  if (isWithin(real, await resolved(stateFolder)) || foldersAbove(real).some(looksLikeStateFolder)) {
    throw new RefusedFile('lies in the folder of the Molecule channel itself: nothing of it is ever sent')
  }
  const secret = secretByPath(real)
  if (secret !== undefined) throw new RefusedFile(`${secret}: ${NEVER}`)
  // Such a folder may be a link to a place whose name says nothing.
  const folders = await Promise.all(secretFoldersOf(home ?? homedir()).map(resolved))
  if (folders.some((folder) => isWithin(real, folder))) {
    throw new RefusedFile(`lies in a folder for keys or logins: ${NEVER}`)
  }
  if (roots === undefined) return
  const allowed = await Promise.all(roots.map(resolved))
  if (!allowed.some((root) => isBelow(real, root))) {
    throw new RefusedFile(
      `lies outside the folders that MOLECULE_ATTACHMENT_ROOTS allows (${roots.join(', ') || 'none'})`,
    )
  }
}

function foldersAbove(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...foldersAbove(above)]
}

/** As {@link isBelow}, without case: to some file systems it is the same folder. */
function isWithin(path: string, folder: string): boolean {
  return isBelow(path.toLowerCase(), folder.toLowerCase())
}

function checkKind(stat: Stats): void {
  if (!stat.isFile()) throw new RefusedFile('is not a regular file: name a file, or pack a folder into one')
  // A second name says nothing of what the first one is.
  if (stat.nlink > 1) {
    throw new RefusedFile('has a second name on this machine (a hard link): send a copy of it instead')
  }
}

/** @returns the size. */
async function checkOpened(
  handle: FileHandle,
  path: string,
  real: string,
  { maxBytes }: OutgoingRules,
): Promise<number> {
  const opened = await handle.stat()
  checkKind(opened)
  // A folder on the way may have been exchanged for a link between the resolving and the opening.
  const [again, there] = await Promise.all([orRefuse(realpath(path)), orRefuse(lstat(real))])
  if (again !== real || there.ino !== opened.ino || there.dev !== opened.dev) {
    throw new RefusedFile('was exchanged while it was opened: try again')
  }
  if (opened.size === 0) throw new RefusedFile('is empty: the platform cannot keep a file without content')
  if (opened.size > maxBytes) {
    throw new RefusedFile(
      `has ${megabytes(opened.size)}; at most ${megabytes(maxBytes)} are sent (MOLECULE_ATTACHMENT_MAX_MB)`,
    )
  }
  return opened.size
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** A folder that is not there has nothing below it under any name. */
async function resolved(folder: string): Promise<string> {
  return realpath(folder).catch(() => folder)
}

async function orRefuse<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const code = codeOf(error) ?? 'unknown error'
    throw new RefusedFile(`${CODES[code] ?? `cannot be opened (${code})`}`, { cause: error })
  }
}

const CODES: Readonly<Record<string, string>> = {
  ENOENT: 'is not there: check the path',
  ENOTDIR: 'is not there: check the path',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  ELOOP: 'is a link that leads to itself',
}
