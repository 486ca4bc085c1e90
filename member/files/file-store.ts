/**
 * Keeps the files that come with messages as `<folder>/<workspace>/<file id>-<name>`, for their owner alone. A file gets
 * its name only once it is complete, so one that is found needs no second fetch.
 */
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { isOursToRead } from '../folder/file-stat.ts'
import { type FileKind, HEAD_BYTES, kindOfContent } from './file-kinds.ts'
import { safeFileName } from './file-names.ts'

export interface StoredFile {
  readonly path: string
  /** By its content; undefined when the content does not say. */
  readonly kind: FileKind | undefined
}

export interface FileToStore {
  /** Both are UUIDs in lower case, since they become part of a path. */
  readonly workspaceId: string
  readonly fileId: string
  /** As the sender gave it. */
  readonly name: string
  /** As the sender gave it. */
  readonly mimeType: string
  /** Announced lengths in bytes; each must be true. */
  readonly lengths: readonly number[]
}

/** The file is not what it should be. The message is a sentence without its subject. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile'
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
/** Only names of our own making are opened or removed: the rest belongs to somebody else. */
const WORKSPACE_FOLDER = new RegExp(`^${UUID}$`)
const PARTIAL = new RegExp(`^\\.${UUID}\\.part$`)
const COMPLETE = new RegExp(`^${UUID}-.`)
/** No fetch that is still running has an older partial file. */
const PARTIAL_LIFETIME_MS = 60 * 60_000

export class FileStore {
  readonly #folder: string
  readonly #maxFileBytes: number
  readonly #maxTotalBytes: number
  readonly #clock: Pick<Clock, 'now'>

  /** @param maxTotalBytes for all files together; beyond that, the oldest are removed. */
  constructor(folder: string, maxFileBytes: number, maxTotalBytes: number, clock: Pick<Clock, 'now'>) {
    this.#folder = folder
    this.#maxFileBytes = maxFileBytes
    this.#maxTotalBytes = maxTotalBytes
    this.#clock = clock
  }

  /** The file, if it is already stored. */
  async find(workspaceId: string, fileId: string): Promise<StoredFile | undefined> {
    const folder = join(this.#folder, workspaceId)
    if (!(await this.#isOurs(folder))) return undefined
    const name = (await namesIn(folder)).find((candidate) => candidate.startsWith(`${fileId}-`))
    if (name === undefined) return undefined
    return inspect(join(folder, name))
  }

  /**
   * Writes a file as it comes, and names it when it is complete. Leaves nothing behind on failure.
   *
   * @throws {@link UnusableFile} when it is empty, too large or not as long as announced; otherwise what `content` or the
   * disk throws, or that one of the folders is a link.
   */
  async keep(file: FileToStore, content: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    const folder = join(this.#folder, file.workspaceId)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // `mkdir` accepts a link to a folder, which would put the file among somebody else's.
    if (!(await this.#isOurs(folder))) throw new Error(`${folder} is a link, or behind one: remove it`)
    const partial = join(folder, `.${crypto.randomUUID()}.part`)
    try {
      const { size, head } = await this.#write(partial, content)
      const announced = file.lengths.find((length) => length !== size)
      if (announced !== undefined) throw new UnusableFile(`has ${size} bytes instead of ${announced}`)
      if (size === 0) throw new UnusableFile('is empty')
      const kind = kindOfContent(head)
      const path = join(folder, `${file.fileId}-${safeFileName(file.name, kind, file.mimeType)}`)
      await rename(partial, path)
      await this.#makeRoom()
      return { path, kind }
    } catch (error) {
      await rm(partial, { force: true })
      throw error
    }
  }

  /** Neither the folder of the workspace nor the one above is a link. */
  async #isOurs(workspaceFolder: string): Promise<boolean> {
    return (await isRealFolder(this.#folder)) && (await isRealFolder(workspaceFolder))
  }

  async #write(
    path: string,
    content: AsyncIterable<Uint8Array>,
  ): Promise<{ size: number; head: Uint8Array }> {
    const handle = await open(path, 'wx', 0o600)
    try {
      let size = 0
      let head = new Uint8Array()
      for await (const chunk of content) {
        size += chunk.byteLength
        // Throwing out of the loop cancels the source of the content.
        if (size > this.#maxFileBytes)
          throw new UnusableFile(`is larger than ${megabytes(this.#maxFileBytes)}`)
        if (head.byteLength < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES)])
        await handle.writeFile(chunk)
      }
      // Next it is acknowledged, and then the platform may remove it.
      await handle.sync()
      return { size, head }
    } finally {
      await handle.close()
    }
  }

  /** Removes the oldest files until the rest fits the bound. Always keeps the newest. */
  async #makeRoom(): Promise<void> {
    const files = (await this.#all()).toSorted((a, b) => b.mtimeMs - a.mtimeMs)
    let total = 0
    for (const [index, { path, size, mtimeMs }] of files.entries()) {
      const isPartial = PARTIAL.test(basename(path))
      if (isPartial && this.#clock.now() - mtimeMs < PARTIAL_LIFETIME_MS) continue
      total += size
      if (isPartial || (index > 0 && total > this.#maxTotalBytes)) await rm(path, { force: true })
    }
  }

  async #all(): Promise<readonly { path: string; size: number; mtimeMs: number }[]> {
    const folders = (await namesIn(this.#folder))
      .filter((name) => WORKSPACE_FOLDER.test(name))
      .map((name) => join(this.#folder, name))
    const lists = await Promise.all(
      folders.map(async (folder) => {
        if (!(await isRealFolder(folder))) return []
        const names = await namesIn(folder)
        return names
          .filter((name) => PARTIAL.test(name) || COMPLETE.test(name))
          .map((name) => join(folder, name))
      }),
    )
    const files = await Promise.all(
      lists.flat().map(async (path) => {
        const stat = await lstat(path).catch(() => undefined)
        return stat?.isFile() ? [{ path, size: stat.size, mtimeMs: stat.mtimeMs }] : []
      }),
    )
    return files.flat()
  }
}

export function megabytes(bytes: number): string {
  return `${Math.round((bytes / 1024 / 1024) * 10) / 10} MB`
}

async function isRealFolder(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined)
  return stat?.isDirectory() ?? false
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch {
    // No such folder, or not a folder: it has no files.
    return []
  }
}

const AS_IT_IS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Reads the kind of the file; undefined when it is not a regular file, or is hard-linked. */
async function inspect(path: string): Promise<StoredFile | undefined> {
  const handle = await open(path, AS_IT_IS).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const stat = await handle.stat()
    if (!stat.isFile() || !isOursToRead(stat)) return undefined
    return { path, kind: kindOfContent(await readHead(handle)) }
  } finally {
    await handle.close()
  }
}

async function readHead(handle: FileHandle): Promise<Uint8Array> {
  const head = new Uint8Array(HEAD_BYTES)
  const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0)
  return head.subarray(0, bytesRead)
}
