/** Turns a name from outside into a safe file name on any operating system. Pure. */
import { type FileKind, needsContent } from './file-kinds.ts'

/** Devices on Windows, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$)$/i
/** UTF-8 bytes. File systems allow 255, and an id comes before the name. */
const MAX_STEM_BYTES = 100
const EXTENSION = /\.([A-Za-z0-9]{1,10})$/

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
    .replace(/^[._-]+|[._-]+$/g, '')
  const own = EXTENSION.exec(clean)?.[1]?.toLowerCase()
  const stem = shorten(own === undefined ? clean : clean.slice(0, -own.length - 1)).replace(/[._-]+$/, '')
  const base = stem === '' ? 'file' : DEVICE.test(stem.split('.')[0] ?? '') ? `_${stem}` : stem
  return `${base}.${extension(own, kind, mimeType)}`
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
