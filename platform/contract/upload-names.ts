/** Names and types of uploaded files, made safe (contract: uploads). Pure. */

const MAX_NAME = 100
const MAX_EXTENSION = 16

/** The last component of a path, in a small alphabet, at most 100 characters with its extension kept. */
export function safeFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  const clean = last.replace(/[^A-Za-z0-9._-]/g, '_')
  if (clean === '' || clean === '.' || clean === '..') return 'file'
  if (clean.length <= MAX_NAME) return clean
  const dot = clean.lastIndexOf('.')
  const extension = dot > 0 && clean.length - dot <= MAX_EXTENSION ? clean.slice(dot) : ''
  return clean.slice(0, MAX_NAME - extension.length) + extension
}

/** The bare media type; malformed becomes the general one, missing stays empty. */
export function safeMimeType(type: string): string {
  const bare = (type.split(';')[0] ?? '').trim().toLowerCase()
  if (bare === '') return ''
  return /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/.test(bare)
    ? bare
    : 'application/octet-stream'
}
