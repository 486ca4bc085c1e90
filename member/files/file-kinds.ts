/** What a file is by its first bytes: its name and its declared type can claim anything. */

export interface FileKind {
  readonly mimeType: string
  /** The usual one first. */
  readonly extensions: readonly [string, ...string[]]
}

/** How many bytes from the beginning it takes to tell. */
export const HEAD_BYTES = 16

interface Signature extends FileKind {
  readonly begins: (head: string) => boolean
}

// What the host gives the model as more than text. A file with such a name but other content makes the model's provider
// refuse the whole conversation, so only the content counts for these.
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

/** The kind by content; undefined for a file of any other kind. */
export function kindOfContent(head: Uint8Array): FileKind | undefined {
  const text = Buffer.from(head.subarray(0, HEAD_BYTES)).toString('latin1')
  return SIGNATURES.find(({ begins }) => begins(text))
}

/** Whether only a file of the matching content may have this extension. */
export function needsContent(extension: string): boolean {
  return SIGNATURES.some(({ extensions }) => extensions.includes(extension.toLowerCase()))
}

/** The true media type of a file: by content where that says, otherwise as declared. */
export function trueMimeType(kind: FileKind | undefined, declared: string): string {
  if (kind !== undefined) return kind.mimeType
  return SIGNATURES.some(({ mimeType }) => mimeType === declared) ? 'application/octet-stream' : declared
}
