/** Replaces secrets in a memory before it is stored (contract: memories). Pure. */

const RULES: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/\b[A-Z0-9_]*_API_KEY\s*=\s*\S+/g, 'API_KEY'],
  [/\b[A-Z0-9_]*_TOKEN\s*=\s*\S+/g, 'TOKEN'],
  [/\b[A-Z0-9_]*_SECRET\s*=\s*\S+/g, 'SECRET'],
  [/\bBearer\s+[^\s[]\S*/g, 'BEARER_TOKEN'],
  [/\bsk-[A-Za-z0-9_-]{4,}/g, 'SK_TOKEN'],
  [/[A-Za-z0-9+/_-]{33,}={0,2}/g, 'BASE64_BLOB'],
]

export function redactSecrets(text: string): string {
  return RULES.reduce((current, [pattern, kind]) => current.replace(pattern, `[REDACTED:${kind}]`), text)
}
