/** Removes secrets from text: the last line of defence, since text is built without them in the first place. */

/**
 * Anything shorter is left alone by default: it may be a word or a JSON key, and replacing it everywhere would garble the text to
 * protect what anyone could guess.
 */
export const MIN_SECRET_CHARS = 6

/**
 * Replaces every occurrence of the secrets. Give it whole texts: half a secret is not recognised.
 *
 * @param mark what replaces each of them.
 * @param minChars the length from which a text counts as a secret; at least 1.
 */
export function redact(
  text: string,
  secrets: readonly string[],
  mark = '[secret]',
  minChars: number = MIN_SECRET_CHARS,
): string {
  // Longest first: replacing a secret that is a prefix of another would leave the rest of the other in the text.
  const longestFirst = secrets
    .filter((secret) => secret.length >= minChars)
    .sort((a, b) => b.length - a.length)
  return longestFirst.reduce((cleaned, secret) => cleaned.replaceAll(secret, mark), text)
}
