/** Text in the encodings that editors and shells write. Pure. */

/**
 * Decodes UTF-8 and UTF-16, with or without a byte order mark. Windows PowerShell, for one, writes UTF-16.
 *
 * @returns undefined for what is no text. In text of another encoding, U+FFFD stands for what cannot be decoded.
 */
export function decodeText(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes)
  return text.includes('\0') ? undefined : text
}

/** Without a byte order mark, a zero byte beside the first character, which is ASCII in our files, indicates UTF-16. */
function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  if (first === undefined || second === undefined) return 'utf-8'
  if (second === 0) return 'utf-16le'
  return first === 0 ? 'utf-16be' : 'utf-8'
}
