/** The names and types of uploaded files (contract: uploads). Pure. */

const MAX_NAME = 100
const MAX_EXTENSION = 16
// Control characters, line breaks, and what makes a name display differently from how it is stored.
const TRICKS = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu

/**
 * The last component of a path, cut to 100 characters with its extension kept.
 *
 * @param alphabet `ascii` replaces all but ASCII letters, digits, `.`, `_` and `-` with `_`, as the hosted platform does:
 *   names in other scripts are then all alike. `any` removes only what no name needs.
 */
export function safeFileName(name: string, alphabet: 'ascii' | 'any'): string {
  const last = ends(name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1))
  const clean =
    alphabet === 'ascii'
      ? last.replace(/[^A-Za-z0-9._-]/g, '_')
      : last.replace(TRICKS, '').normalize('NFC').trim()
  if (clean === '' || clean === '.' || clean === '..') return 'file'
  const characters = [...clean]
  if (characters.length <= MAX_NAME) return clean
  const dot = characters.lastIndexOf('.')
  const extension = dot > 0 && characters.length - dot <= MAX_EXTENSION ? characters.slice(dot) : []
  return [...characters.slice(0, MAX_NAME - extension.length), ...extension].join('')
}

/** A name can be as long as the request; its beginning and its extension are all that is kept. */
function ends(name: string): string {
  return name.length <= 4_096 ? name : name.slice(0, 2_048) + name.slice(-64)
}

/** The value of Content-Disposition for a file to be saved: its name, and an ASCII one for old clients (RFC 6266). */
export function savedAs(name: string): string {
  const encoded = encodeURIComponent(name).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${safeFileName(name, 'ascii')}"; filename*=UTF-8''${encoded}`
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
