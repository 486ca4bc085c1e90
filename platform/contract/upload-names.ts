/** Makes the names and types of uploaded files safe (contract: uploads). Pure. */

const MAX_NAME = 100
const MAX_EXTENSION = 16

/** The last component of a path in a small alphabet, cut to 100 characters with its extension kept. */
export function safeFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  const clean = last.replace(/[^A-Za-z0-9._-]/g, '_')
  if (clean === '' || clean === '.' || clean === '..') return 'file'
  if (clean.length <= MAX_NAME) return clean
  const dot = clean.lastIndexOf('.')
  const extension = dot > 0 && clean.length - dot <= MAX_EXTENSION ? clean.slice(dot) : ''
  return clean.slice(0, MAX_NAME - extension.length) + extension
}

/**
 * The media type without parameters; `application/octet-stream` for a malformed one, empty for a missing one.
 */
export function safeMimeType(type: string): string {
  const bare = (type.split(';')[0] ?? '').trim().toLowerCase()
  if (bare === '') return ''
  return /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/.test(bare)
    ? bare
    : 'application/octet-stream'
}
