/** A name from outside made fit to be the name of a file on this machine, whatever system it runs. Pure. */
import { type FileKind, isToldByContent } from './file-kinds.ts'

/** Names that are devices on Windows, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$)$/i
/** UTF-8 bytes. File systems take 255; an id stands before the name. */
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
 * One path component: letters, digits, `.`, `_` and `-`, no leading dot, no device, at most 120 bytes, with an
 * extension that is true where content tells, and the name's own elsewhere.
 *
 * @param kind what the content is; undefined when it does not tell.
 * @param mimeType the declared type, for a name without an extension.
 */
export function safeFileName(name: string, kind: FileKind | undefined, mimeType: string): string {
  // Far beyond the bound nothing is kept, so that the cost does not follow the sender.
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
  return isToldByContent(own) ? 'bin' : own
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
