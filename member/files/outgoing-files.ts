/**
 * Files to be sent. Each is opened once, judged by what was opened, and read from the same open file, so that nothing can
 * take its place in between.
 */

import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, relative, sep } from 'node:path'
import { codeOf } from '../../base/errors.ts'
import { homeFolder } from '../../base/home.ts'
import { plainFileName } from '../../base/plain-text.ts'
import type { SecretSearch } from '../../base/secret-search.ts'
import { looksLikeStateFolder } from '../folder/state-folder.ts'
import { kindOfContent, trueMimeType } from './file-kinds.ts'
import { megabytes } from './file-store.ts'
import { isHidden, KEY_HEAD_BYTES, secretByContent, secretByPath, secretFoldersOf } from './secret-files.ts'

export interface OutgoingRules {
  readonly maxBytes: number
  /** The plugin's own folder: nothing in it is ever sent. */
  readonly stateFolder: string
  /** Only files below one of these may be sent; undefined: from anywhere. */
  readonly roots: readonly string[] | undefined
  /** The user's home folder. Default: that of this process. */
  readonly home?: string
  /** Finds the secrets of this session, which are never sent. Default: there are none. */
  readonly secrets?: SecretSearch
}

/** Why a file is not sent, and what to do instead: a sentence without its subject. */
export class RefusedFile extends Error {
  override readonly name = 'RefusedFile'
}

const CHUNK_BYTES = 256 * 1024
const MAX_NAME_CHARS = 100
// Without O_NONBLOCK, opening a pipe would wait for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** An open file that may be sent. */
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
   * Opens a file and judges it. The caller must close it.
   *
   * @throws {@link RefusedFile}
   */
  static async open(path: string, rules: OutgoingRules): Promise<OpenFile> {
    if (!isAbsolute(path)) throw new RefusedFile('is not an absolute path: give the full path')
    const real = await orRefuse(realpath(path))
    await checkPlace(real, rules)
    // Before opening it: closing a hard link to a lock file would drop the lock this process holds, and opening a device
    // can have effects.
    checkKind(await orRefuse(lstat(real)))
    const handle = await orRefuse(open(real, FLAGS))
    try {
      const size = await checkOpened(handle, path, real, rules)
      const head = new Uint8Array(Math.min(size, KEY_HEAD_BYTES))
      const { bytesRead } = await handle.read(head, 0, head.byteLength, 0)
      const secret = secretByContent(head.subarray(0, bytesRead))
      if (secret !== undefined) throw new RefusedFile(`${secret}: ${NEVER}`)
      const declared = Bun.file(real).type.split(';')[0] ?? ''
      const mimeType = trueMimeType(kindOfContent(head.subarray(0, bytesRead)), declared)
      const name = plainFileName(basename(path), MAX_NAME_CHARS) || 'file'
      const file = new OpenFile(handle, name, mimeType, size)
      if ((await rules.secrets?.isInParts(file.#chunks())) === true) {
        throw new RefusedFile('holds a token of this session: nothing that holds one is ever sent')
      }
      return file
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  /**
   * Gives the bytes in small parts: as many as there were when the file was judged, whatever was appended since.
   *
   * @throws Error when the file has become shorter.
   */
  readonly read = (): AsyncGenerator<Uint8Array> => this.#chunks()

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (let position = 0; position < this.size; ) {
      // A new buffer for each part: the last one may still be in use.
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, this.size - position))
      const { bytesRead } = await this.#handle.read(chunk, 0, chunk.byteLength, position)
      if (bytesRead === 0) throw new Error(`${this.name} became shorter while it was being sent`)
      position += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  }
}

const NEVER = 'such files are never sent. Send what is needed as text, without the secrets.'

async function checkPlace(real: string, { stateFolder, roots, home }: OutgoingRules): Promise<void> {
  if (isWithin(real, await resolved(stateFolder)) || foldersAbove(real).some(looksLikeStateFolder)) {
    throw new RefusedFile('is in the state folder of the Molecule channel: nothing in it is ever sent')
  }
  const secret = secretByPath(real)
  if (secret !== undefined) throw new RefusedFile(`${secret}: ${NEVER}`)
  const allowed = roots === undefined ? [] : await Promise.all(roots.map(resolved))
  // Such a folder may be a link to a place with an innocent name.
  const known = home ?? homeFolder()
  const folders = await Promise.all((known === undefined ? [] : secretFoldersOf(known)).map(resolved))
  if (folders.some((folder) => isWithin(real, folder))) {
    throw new RefusedFile(`is in a folder for keys or logins: ${NEVER}`)
  }
  const homes = known === undefined ? [] : [known, await resolved(known)]
  if (isHidden(real, homes) && !allowed.some((root) => isBelow(real, root) && isHidden(root, homes))) {
    throw new RefusedFile(
      'is hidden in a home folder, where programs keep logins and histories: send a copy from another folder, or have the user name its folder in MOLECULE_ATTACHMENT_ROOTS',
    )
  }
  if (roots === undefined) return
  if (!allowed.some((root) => isBelow(real, root))) {
    throw new RefusedFile(
      `is outside the folders that MOLECULE_ATTACHMENT_ROOTS allows (${roots.join(', ') || 'none'})`,
    )
  }
}

function foldersAbove(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...foldersAbove(above)]
}

/** As {@link isBelow}, ignoring case, as some file systems do. */
function isWithin(path: string, folder: string): boolean {
  return isBelow(path.toLowerCase(), folder.toLowerCase())
}

function checkKind(stat: Stats): void {
  if (!stat.isFile()) throw new RefusedFile('is not a regular file: name a file, or archive the folder first')
  // Its other name may be that of a secret.
  if (stat.nlink > 1) {
    throw new RefusedFile('has another hard link, which may be to a secret: send a copy instead')
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
  // Between resolving and opening, a folder above it may have been replaced with a link.
  const [again, there] = await Promise.all([orRefuse(realpath(path)), orRefuse(lstat(real))])
  if (again !== real || there.ino !== opened.ino || there.dev !== opened.dev) {
    throw new RefusedFile('was replaced while it was being opened: try again')
  }
  if (opened.size === 0) throw new RefusedFile('is empty: the platform accepts no empty files')
  if (opened.size > maxBytes) {
    throw new RefusedFile(
      `has ${megabytes(opened.size)}, more than the ${megabytes(maxBytes)} that MOLECULE_ATTACHMENT_MAX_MB allows`,
    )
  }
  return opened.size
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** A missing folder contains nothing, whatever its name. */
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
  ENOENT: 'does not exist: check the path',
  ENOTDIR: 'does not exist: check the path',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  ELOOP: 'is a link to itself',
}
