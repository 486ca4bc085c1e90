/** A word as a person pastes it into a shell: quoted where a shell would read more than one word, or change it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
