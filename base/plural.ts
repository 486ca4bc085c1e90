/** A number with its noun: "1 workspace", "3 workspaces". For nouns with a regular plural. Pure. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`
}
