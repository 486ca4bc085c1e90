/**
 * The parts of an A2A message in every form that agents send: A2A 0.3 (`kind`, a nested `file`), 1.0 (no `kind`, but
 * `text`, `data`, `raw` or `url`), older ones, and each of them wrapped in `root`. The web chat loads this very file,
 * so that people see what the platform reads. Pure.
 *
 * @typedef {{kind: 'text', text: string}} TextPart
 * @typedef {{kind: 'data', data: unknown}} DataPart
 * @typedef {{kind: 'file', name: string, mimeType: string, uri: string, base64: string | undefined}} FilePart
 *   `base64` is the content of a file that came inside the message.
 * @typedef {{kind: 'unknown', name: string}} UnknownPart what is in no known form, named
 * @typedef {TextPart | DataPart | FilePart | UnknownPart} Part
 */

const FILE_KINDS = ['file', 'image', 'audio', 'video']
const CONTENT = ['bytes', 'raw', 'blob', 'fileWithBytes', 'file_with_bytes']
const ADDRESS = ['uri', 'url', 'fileWithUri', 'file_with_uri']
const MAX_WRAPPERS = 3
const MAX_KIND_CHARS = 40
/** Running into the limit of the stack takes milliseconds for each part, so JSON that nests deeper is not written. */
const MAX_DEPTH = 200

/**
 * Where the parameters of a message hold its parts: in the message, as parts or as its content, or beside it.
 *
 * @param {unknown} params
 * @returns {readonly unknown[] | undefined} undefined when there is no message
 */
export function partsIn(params) {
  if (!isObject(params)) return undefined
  const message = isObject(params.message) ? params.message : {}
  const content = typeof message.content === 'string' ? [message.content] : message.content
  const lists = [message.parts, content, params.parts].filter((list) => Array.isArray(list))
  return lists.find((list) => list.length > 0) ?? lists[0]
}

/**
 * @param {unknown} list
 * @returns {readonly Part[]} empty for anything but a list
 */
export function readParts(list) {
  return Array.isArray(list) ? list.map(readPart) : []
}

/**
 * What parts say: texts joined as they are, data as JSON on lines of its own, and the names of what is unknown. Files
 * are not words.
 *
 * @param {readonly Part[]} parts
 * @returns {string}
 */
export function wordsOf(parts) {
  /** @type {string[]} */
  const pieces = []
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

/**
 * @param {Part} part
 * @returns {string}
 */
function wordsOfPart(part) {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'data':
      return isWithin(part.data, MAX_DEPTH)
        ? (JSON.stringify(part.data) ?? '')
        : '[data that nests too deeply to be shown]'
    case 'unknown':
      return `[${part.name} cannot be shown]`
    case 'file':
      return ''
  }
}

/**
 * @param {unknown} value
 * @param {number} depth
 * @returns {boolean}
 */
function isWithin(value, depth) {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((item) => isWithin(item, depth - 1))
}

/**
 * @param {unknown} wrapped
 * @returns {Part}
 */
function readPart(wrapped) {
  const part = unwrap(wrapped)
  if (typeof part === 'string') return { kind: 'text', text: part }
  if (!isObject(part)) return { kind: 'unknown', name: 'a part that is not an object' }
  const kind = textIn(part, ['kind', 'type']).toLowerCase()
  const { text, data } = part
  const isText = typeof text === 'string'
  if (kind === 'text' && isText) return { kind: 'text', text }
  if (kind === 'data' && data !== undefined) return { kind: 'data', data }
  if (kind !== 'data' && isText && text !== '') return { kind: 'text', text }
  const file = readFile(part, kind)
  if (file !== undefined) return file
  if (data !== undefined && data !== null) return { kind: 'data', data }
  if (kind !== 'data' && isText) return { kind: 'text', text }
  return { kind: 'unknown', name: nameOf(part, kind) }
}

/**
 * @param {Record<string, unknown>} part
 * @param {string} kind
 * @returns {FilePart | undefined}
 */
function readFile(part, kind) {
  const file = fileOf(part)
  const isFile = FILE_KINDS.includes(kind)
  const base64 = textIn(file, CONTENT) || (isFile ? textIn(part, ['data']) : '')
  const uri = textIn(file, ADDRESS)
  const isEmpty = isFile && CONTENT.some((field) => file[field] === '')
  if (base64 === '' && uri === '' && !isEmpty) return undefined
  return {
    kind: 'file',
    name: textIn(file, ['name', 'filename']) || textIn(part, ['filename']) || 'file',
    mimeType: textIn(file, ['mimeType', 'mime_type', 'mediaType', 'media_type']),
    uri: base64 === '' ? uri : '',
    base64: base64 !== '' || uri === '' ? base64 : undefined,
  }
}

/**
 * @param {Record<string, unknown>} part
 * @returns {Record<string, unknown>}
 */
function fileOf(part) {
  if (typeof part.file === 'string') return { uri: part.file }
  return isObject(part.file) ? part.file : part
}

/**
 * @param {Record<string, unknown>} part
 * @param {string} kind
 * @returns {string}
 */
function nameOf(part, kind) {
  const file = textIn(fileOf(part), ['name', 'filename'])
  if (file !== '') return `the file "${file}", which has neither content nor an address,`
  if (FILE_KINDS.includes(kind)) return 'a file with neither content nor an address'
  return kind === '' ? 'a part of an unknown form' : `a part of kind "${kind.slice(0, MAX_KIND_CHARS)}"`
}

/**
 * Python libraries write a part as `{root: part}`.
 *
 * @param {unknown} value
 * @returns {unknown}
 */
function unwrap(value) {
  let part = value
  for (let depth = 0; depth < MAX_WRAPPERS && isObject(part) && 'root' in part; depth++) part = part.root
  return part
}

/**
 * The first of these fields that holds a text; empty when none does.
 *
 * @param {Record<string, unknown>} fields
 * @param {readonly string[]} names
 * @returns {string}
 */
function textIn(fields, names) {
  for (const name of names) {
    const value = fields[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return ''
}

/**
 * A field that should hold a text, as text: `String` fails for an object that names a `toString` of its own.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function textOf(value) {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  return isWithin(value, MAX_DEPTH) ? (JSON.stringify(value) ?? '') : ''
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
