/** A number with its noun: "1 workspace", "3 workspaces". For nouns that take an s. Pure. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`
}
