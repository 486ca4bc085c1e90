/** What we write to a platform, as JSON. */

/** Without zero characters in its texts: a platform that keeps them in PostgreSQL refuses any that holds one. */
export function jsonBody(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'string' ? part.replaceAll('\0', '') : part,
  )
}
