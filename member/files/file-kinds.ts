/** What a file is by its first bytes. A name and a declared type can claim anything. */

export interface FileKind {
  readonly mimeType: string
  /** The usual extension first. */
  readonly extensions: readonly [string, ...string[]]
}

/** So many bytes from the beginning are enough to tell. */
export const HEAD_BYTES = 16

interface Signature extends FileKind {
  readonly begins: (head: string) => boolean
}

// What the host hands to the model as more than text. A file of such a name that is something else makes the
// model's provider refuse the whole conversation, so these are told by content alone.
const SIGNATURES: readonly Signature[] = [
  {
    mimeType: 'image/png',
    extensions: ['png'],
    begins: (head) => head.startsWith('\x89PNG\r\n\x1a\n'),
  },
  { mimeType: 'image/jpeg', extensions: ['jpg', 'jpeg'], begins: (head) => head.startsWith('\xff\xd8\xff') },
  { mimeType: 'image/gif', extensions: ['gif'], begins: (head) => /^GIF8[79]a/.test(head) },
  { mimeType: 'image/webp', extensions: ['webp'], begins: (head) => /^RIFF.{4}WEBP/s.test(head) },
  { mimeType: 'application/pdf', extensions: ['pdf'], begins: (head) => head.startsWith('%PDF-') },
]

/** Undefined for everything that is not told by its content. */
export function kindOfContent(head: Uint8Array): FileKind | undefined {
  const text = Buffer.from(head.subarray(0, HEAD_BYTES)).toString('latin1')
  return SIGNATURES.find(({ begins }) => begins(text))
}

/** True for an extension that only a file of the matching content may have. */
export function isToldByContent(extension: string): boolean {
  return SIGNATURES.some(({ extensions }) => extensions.includes(extension.toLowerCase()))
}

/** The media type that is true of a file: by content where content tells, and else what is said of it. */
export function trueMimeType(kind: FileKind | undefined, declared: string): string {
  if (kind !== undefined) return kind.mimeType
  return SIGNATURES.some(({ mimeType }) => mimeType === declared) ? 'application/octet-stream' : declared
}
