/**
 * The parts of an A2A message or artifact, in every form that agents send: A2A 0.3 (`kind`, a nested `file`), 1.0 (no
 * `kind`, but `text`, `data`, `raw` or `url`), the protobuf names (`fileWithUri`), older forms (`type`, `content` inline,
 * snake_case), a bare string, and each of them wrapped in `root`. Pure.
 *
 * Nothing is dropped: an unknown form becomes a part that names it.
 */
import { z } from 'zod'

interface FileFields {
  /** As the sender gave it; empty when it gave none. */
  readonly name: string
  readonly mimeType: string
  /** In bytes, as the sender claims. */
  readonly size: number | null
}

export type FilePart =
  /** A file whose content is in the message. */
  | ({ readonly kind: 'bytes'; readonly base64: string } & FileFields)
  /** A file somewhere else. */
  | ({ readonly kind: 'address'; readonly uri: string } & FileFields)

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'data'; readonly data: unknown }
  | FilePart
  /** In an unknown form. `name` describes it, as in "a part of kind x". */
  | { readonly kind: 'unknown'; readonly name: string; readonly value: unknown }

/** Of a whole message or answer, far more than any has. Parsing them blocks the whole program. */
export const MAX_PARTS = 10_000
/** Running into the limit of the stack takes milliseconds for each part, so JSON that nests deeper is not written. */
const MAX_DEPTH = 200
const MAX_UNKNOWN_CHARS = 1_000
const MAX_KIND_CHARS = 40
const MAX_WRAPPERS = 3

/** Kinds of part that carry a file. */
const FILE_KINDS = new Set(['file', 'image', 'audio', 'video'])
/** Where the forms keep a file's content, in base64, and its address. */
const CONTENT = ['bytes', 'raw', 'blob', 'fileWithBytes', 'file_with_bytes']
const ADDRESS = ['uri', 'url', 'fileWithUri', 'file_with_uri']
const KIND = ['kind', 'type']
const NAME = ['name', 'filename']
const MIME_TYPE = ['mimeType', 'mime_type', 'mediaType', 'media_type']

export type Fields = Readonly<Record<string, unknown>>
/** Looks at no field: a part has as many as its sender likes. */
export const fieldsSchema = z.custom<Fields>(isFields)

/** A message has thousands of parts, and a schema takes longer. */
function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads a list of parts; empty for anything but a list. Never throws.
 *
 * @param most how many parts to read, for one list of several. The rest is counted in a last part.
 */
export function readParts(list: unknown, most = MAX_PARTS): readonly Part[] {
  if (!Array.isArray(list)) return []
  const parts = list.slice(0, most).map(readPart)
  return list.length > parts.length ? [...parts, unread(list.length - parts.length, 'parts')] : parts
}

/** Stands for what is too much to be read. */
export function unread(count: number, what: string): Part {
  return { kind: 'unknown', name: `${count} more ${what}`, value: undefined }
}

function readPart(wrapped: unknown): Part {
  const item = unwrap(wrapped)
  if (typeof item === 'string') return { kind: 'text', text: item }
  if (!isFields(item)) return { kind: 'unknown', name: 'a part that is not an object', value: item }
  const kind = textIn(item, KIND).toLowerCase()
  const { text, data } = item
  const isText = typeof text === 'string'
  if (kind === 'text' && isText) return { kind: 'text', text }
  if (kind === 'data' && data !== undefined) return { kind: 'data', data }
  // The content of a part says more than an unknown or missing kind.
  if (kind !== 'data' && isText && text !== '') return { kind: 'text', text }
  const file = readFile(item, kind)
  if (file !== undefined) return file
  if (data != null) return { kind: 'data', data }
  if (kind !== 'data' && isText) return { kind: 'text', text }
  return { kind: 'unknown', name: nameOf(item, kind), value: item }
}

/** The first of these fields that holds a text; empty when none does. */
function textIn(fields: Fields, names: readonly string[]): string {
  for (const name of names) {
    const value = fields[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return ''
}

/** Python libraries write a part as `{root: part}`. */
function unwrap(value: unknown): unknown {
  let item = value
  for (let depth = 0; depth < MAX_WRAPPERS; depth++) {
    if (typeof item !== 'object' || item === null || !('root' in item)) break
    item = item.root
  }
  return item
}

function readFile(part: Fields, kind: string): Part | undefined {
  const file = fileOf(part)
  const fields = {
    name: textIn(file, NAME) || textIn(part, ['filename']),
    mimeType: textIn(file, MIME_TYPE),
    size: typeof file.size === 'number' ? file.size : null,
  }
  // MCP writes the content of an image as `data`.
  const base64 = textIn(file, CONTENT) || (FILE_KINDS.has(kind) ? textIn(part, ['data']) : '')
  if (base64 !== '') return { kind: 'bytes', base64, ...fields }
  const uri = textIn(file, ADDRESS)
  if (uri !== '') return readDataUrl(uri, fields) ?? { kind: 'address', uri, ...fields }
  // An empty file is still a file.
  const isEmpty = CONTENT.some((name) => file[name] === '')
  return isEmpty && FILE_KINDS.has(kind) ? { kind: 'bytes', base64: '', ...fields } : undefined
}

function fileOf(part: Fields): Fields {
  if (typeof part.file === 'string') return { uri: part.file }
  return isFields(part.file) ? part.file : part
}

/** The content of a `data:` URL (RFC 2397); undefined for any other address. */
function readDataUrl(uri: string, fields: FileFields): Part | undefined {
  const comma = uri.indexOf(',')
  if (comma < 0 || !/^data:/i.test(uri)) return undefined
  const [type = '', ...parameters] = uri.slice('data:'.length, comma).split(';')
  const isBase64 = parameters.at(-1)?.trim().toLowerCase() === 'base64'
  const mimeType = fields.mimeType || type.trim().toLowerCase() || 'text/plain'
  try {
    const content = decodeURIComponent(uri.slice(comma + 1))
    const base64 = isBase64 ? content : Buffer.from(content).toString('base64')
    return { kind: 'bytes', base64, ...fields, mimeType }
  } catch {
    // A broken percent escape: the address is shown as it is.
    return undefined
  }
}

function nameOf(part: Fields, kind: string): string {
  const file = textIn(fileOf(part), NAME)
  if (file !== '') return `the file "${file}", which has neither content nor an address,`
  if (FILE_KINDS.has(kind)) return 'a file with neither content nor an address'
  return kind === '' ? 'a part of an unknown form' : `a part of kind "${kind.slice(0, MAX_KIND_CHARS)}"`
}

/**
 * What parts say in words. Texts are joined as they are, since agents cut a text into parts anywhere. Data stands on lines
 * of its own, as JSON, and so does the name of what cannot be shown. Files are not words.
 */
export function wordsOf(parts: readonly Part[]): string {
  const pieces: string[] = []
  let apart = false
  for (const part of parts) {
    const words = wordsOfPart(part)
    apart ||= part.kind !== 'text'
    if (words === '') continue
    const before = pieces.at(-1)
    if (apart && before !== undefined && !before.endsWith('\n') && !words.startsWith('\n')) pieces.push('\n')
    pieces.push(words)
    apart = part.kind !== 'text'
  }
  return pieces.join('')
}

function wordsOfPart(part: Part): string {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'data':
      return toJson(part.data) ?? '[data that nests too deeply to be shown]'
    case 'unknown': {
      const value = toJson(part.value)?.slice(0, MAX_UNKNOWN_CHARS)
      return value === undefined
        ? `[${part.name} cannot be shown]`
        : `[${part.name} cannot be shown: ${value}]`
    }
    case 'bytes':
    case 'address':
      return ''
  }
}

/** Undefined for what JSON cannot hold, or what nests too deeply. */
export function toJson(value: unknown): string | undefined {
  if (!isWithin(value, MAX_DEPTH)) return undefined
  try {
    return JSON.stringify(value)
  } catch {
    // Not a value of JSON, such as a bigint.
    return undefined
  }
}

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((item) => isWithin(item, depth - 1))
}
