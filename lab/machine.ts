/** What figures were taken on. */
import { cpus } from 'node:os'

export function machine(): string {
  const [processor] = cpus()
  return `${process.platform} ${process.arch}, ${cpus().length} x ${processor?.model ?? 'unknown'}, Bun ${Bun.version}`
}
