/** The platform's program, in a process of its own. */
import { join } from 'node:path'

const MAIN = join(import.meta.dir, '../../platform/main.ts')

/**
 * Starts it.
 *
 * @param wrapper words before the command.
 */
export function run(
  argv: readonly string[],
  environment: Record<string, string> = {},
  wrapper: readonly string[] = [],
) {
  const child = Bun.spawn([...wrapper, process.execPath, MAIN, ...argv], {
    stdout: 'pipe',
    stderr: 'pipe',
    env: { ...process.env, ...environment },
  })
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let text = ''
  const readUntil = async (mark: string) => {
    while (!text.includes(mark)) {
      const { value, done } = await reader.read()
      if (done) throw new Error(`ended before ${mark}: ${text} ${await new Response(child.stderr).text()}`)
      text += decoder.decode(value)
    }
    return text
  }
  return { child, readUntil, errors: () => new Response(child.stderr).text() }
}
