/** Turns a name from outside into a safe file name on any operating system. Pure. */
import { type FileKind, needsContent } from './file-kinds.ts'

/** Devices on Windows, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$)$/i
/** UTF-8 bytes. File systems allow 255, and an id comes before the name. */
const MAX_STEM_BYTES = 100
/** Letters and digits of any script, after at least one other character. */
const EXTENSION = /^(.+)\.([\p{L}\p{M}\p{N}]{1,10})$/u
const MAX_EXTENSION_BYTES = 19

/** For files whose name has no extension. */
const EXTENSION_OF: ReadonlyMap<string, string> = new Map([
  ['text/plain', 'txt'],
  ['text/markdown', 'md'],
  ['text/csv', 'csv'],
  ['text/html', 'html'],
  ['application/json', 'json'],
  ['application/xml', 'xml'],
  ['application/zip', 'zip'],
  ['image/svg+xml', 'svg'],
  ['audio/mpeg', 'mp3'],
  ['audio/wav', 'wav'],
  ['audio/ogg', 'ogg'],
  ['video/mp4', 'mp4'],
  ['video/webm', 'webm'],
])

/**
 * Makes one path component of at most 120 bytes: letters, digits, `.`, `_` and `-`, without a leading dot, and not a
 * device. The extension is that of the content where the content says, otherwise the name's own.
 *
 * @param kind by content; undefined when that does not say.
 * @param mimeType the declared type, used for a name without an extension.
 */
export function safeFileName(name: string, kind: FileKind | undefined, mimeType: string): string {
  // Dropping what is far beyond the bound keeps the cost independent of the sender.
  const last = name.slice(-2_000).split(/[/\\]/).at(-1) ?? ''
  const clean = last
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]+/gu, '')
    .replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '_')
    .replace(/^\.+|[._-]+$/g, '')
  const { stem, own } = split(clean)
  const short = shorten(stem).replace(/^[._-]+|[._-]+$/g, '')
  const base = short === '' ? 'file' : DEVICE.test(short.split('.')[0] ?? '') ? `_${short}` : short
  return `${base}.${extension(own, kind, mimeType)}`
}

/** The name without its extension, and the extension in lower case, if it has one. */
function split(name: string): { readonly stem: string; readonly own: string | undefined } {
  const [, stem = name, ending] = EXTENSION.exec(name) ?? []
  const own = ending?.toLowerCase()
  return own === undefined || Buffer.byteLength(own) > MAX_EXTENSION_BYTES
    ? { stem: name, own: undefined }
    : { stem, own }
}

function extension(own: string | undefined, kind: FileKind | undefined, mimeType: string): string {
  if (kind !== undefined) return own !== undefined && kind.extensions.includes(own) ? own : kind.extensions[0]
  if (own === undefined) return EXTENSION_OF.get(mimeType) ?? 'bin'
  return needsContent(own) ? 'bin' : own
}

function shorten(stem: string): string {
  let bytes = 0
  let kept = ''
  for (const character of stem) {
    bytes += Buffer.byteLength(character)
    if (bytes > MAX_STEM_BYTES) break
    kept += character
  }
  return kept
}
