/**
 * Files that came with messages: `<folder>/<workspace>/<file id>-<name>`, for their owner alone. A file has its name
 * only once it is complete, so what is found under it needs no second fetch.
 */
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Clock, systemClock } from '../../base/clock.ts'
import { type FileKind, HEAD_BYTES, kindOfContent } from './file-kinds.ts'
import { safeFileName } from './file-names.ts'

export interface KeptFile {
  readonly path: string
  readonly size: number
  /** What it is by its content; undefined when content does not tell. */
  readonly kind: FileKind | undefined
}

export interface Arrival {
  /** Both are UUIDs in lower case: they become part of a path. */
  readonly workspaceId: string
  readonly fileId: string
  /** As the sender gave them. */
  readonly name: string
  readonly mimeType: string
  /** The lengths that were announced; each must be the true one. */
  readonly lengths: readonly number[]
}

/** The file is not what it should be; its message is a sentence without a subject. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile'
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
/** Only what has the names that are given here is looked into or removed: the rest belongs to someone else. */
const WORKSPACE_FOLDER = new RegExp(`^${UUID}$`)
const PARTIAL = new RegExp(`^\\.${UUID}\\.part$`)
const COMPLETE = new RegExp(`^${UUID}-.`)
/** A partial file that is older belongs to no living fetch. */
const PARTIAL_LIFETIME_MS = 60 * 60_000

export class Attachments {
  readonly #folder: string
  readonly #maxFileBytes: number
  readonly #maxTotalBytes: number
  readonly #clock: Pick<Clock, 'now'>

  /** @param maxTotalBytes of all files together; beyond it the oldest are removed. */
  constructor(
    folder: string,
    maxFileBytes: number,
    maxTotalBytes: number,
    clock: Pick<Clock, 'now'> = systemClock,
  ) {
    this.#folder = folder
    this.#maxFileBytes = maxFileBytes
    this.#maxTotalBytes = maxTotalBytes
    this.#clock = clock
  }

  /** The file, if it lies here already. */
  async find(workspaceId: string, fileId: string): Promise<KeptFile | undefined> {
    const folder = join(this.#folder, workspaceId)
    if (!(await this.#isOurs(folder))) return undefined
    const name = (await namesIn(folder)).find((candidate) => candidate.startsWith(`${fileId}-`))
    if (name === undefined) return undefined
    return lookAt(join(folder, name))
  }

  /**
   * Writes a file as it comes, and gives it its name when it is complete.
   *
   * @throws {@link UnusableFile} when it is empty, too large or not as long as announced; else what `content` or the
   * disk throws, or that one of the folders is a link. Nothing stays behind then.
   */
  async keep(arrival: Arrival, content: AsyncIterable<Uint8Array>): Promise<KeptFile> {
    const folder = join(this.#folder, arrival.workspaceId)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // `mkdir` is content with a link to a folder, and then the file would be put among those of someone else.
    if (!(await this.#isOurs(folder))) throw new Error(`${folder} is a link or lies behind one: remove it`)
    const partial = join(folder, `.${crypto.randomUUID()}.part`)
    try {
      const { size, head } = await this.#write(partial, content)
      const announced = arrival.lengths.find((length) => length !== size)
      if (announced !== undefined) throw new UnusableFile(`has ${size} bytes instead of ${announced}`)
      if (size === 0) throw new UnusableFile('is empty')
      const kind = kindOfContent(head)
      const path = join(folder, `${arrival.fileId}-${safeFileName(arrival.name, kind, arrival.mimeType)}`)
      await rename(partial, path)
      await this.#makeRoom()
      return { path, size, kind }
    } catch (error) {
      await rm(partial, { force: true })
      throw error
    }
  }

  /** Neither the folder of a workspace nor the one above it is a link. */
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
        // Leaving the loop by a throw cancels what the content comes from.
        if (size > this.#maxFileBytes)
          throw new UnusableFile(`is larger than ${megabytes(this.#maxFileBytes)}`)
        if (head.byteLength < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES)])
        await handle.writeFile(chunk)
      }
      // It is acknowledged next, and then the platform need not have it any more.
      await handle.sync()
      return { size, head }
    } finally {
      await handle.close()
    }
  }

  /** Removes the oldest files until the rest is within the bound. The newest always stays. */
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
    // No such folder yet, or no folder at all: nothing lies in it.
    return []
  }
}

const AS_IT_IS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Size and kind of one and the same open file; undefined when it is no regular file, or one that has a second name. */
async function lookAt(path: string): Promise<KeptFile | undefined> {
  const handle = await open(path, AS_IT_IS).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const stat = await handle.stat()
    if (!stat.isFile() || stat.nlink > 1) return undefined
    return { path, size: stat.size, kind: kindOfContent(await readHead(handle)) }
  } finally {
    await handle.close()
  }
}

async function readHead(handle: FileHandle): Promise<Uint8Array> {
  const head = new Uint8Array(HEAD_BYTES)
  const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0)
  return head.subarray(0, bytesRead)
}
