import { expect, test } from 'bun:test'
import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { temporaryFolder } from '../lab/driver/temporary-folder.ts'

const ROOT = new URL('../', import.meta.url).pathname
const packageSchema = z.object({ scripts: z.record(z.string(), z.string()) })

/** Runs the launcher in a folder without packages, on a machine without Bun. */
function launch(folder: string, ...words: readonly string[]) {
  for (const name of ['molecule', 'package.json']) copyFileSync(join(ROOT, name), join(folder, name))
  const { exitCode, stdout, stderr } = Bun.spawnSync(['/bin/sh', 'molecule', ...words], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
  })
  return { exitCode, out: stdout.toString(), errors: stderr.toString(), left: readdirSync(folder).sort() }
}

const named = (text: string): readonly string[] =>
  [...text.matchAll(/^ {2}(\S+) {2,}\S.*$/gm)].map(([, name = '']) => name).sort()

test('--help, or no argument, describes every script of the project, and installs nothing', async () => {
  using folder = temporaryFolder()
  const { scripts } = packageSchema.parse(await Bun.file(join(ROOT, 'package.json')).json())
  for (const words of [['--help'], []]) {
    const { exitCode, out, left } = launch(folder.path, ...words)
    expect(exitCode).toBe(0)
    expect(named(out)).toEqual(Object.keys(scripts).sort())
    expect(left).toEqual(['molecule', 'package.json'])
  }
})

test('an unknown script is refused with 2 and the list, before anything is installed', () => {
  using folder = temporaryFolder()
  for (const word of ['bogus', 'dem', 'd.mo', 'END', 'test:']) {
    const { exitCode, out, errors, left } = launch(folder.path, word)
    expect([exitCode, out]).toEqual([2, ''])
    expect(errors).toStartWith(`molecule: no script named ${word}. Choose one of:\n`)
    expect(named(errors)).toContain('demo')
    expect(left).toEqual(['molecule', 'package.json'])
  }
})

test.each(['lab/demo', 'lab/soak', 'platform', 'lab/simulation', 'lab/client'])(
  '%s/main.ts --help prints its usage, does nothing else and exits with 0',
  (place) => {
    const { exitCode, stdout } = Bun.spawnSync([process.execPath, join(ROOT, place, 'main.ts'), '--help'])
    expect(exitCode).toBe(0)
    expect(stdout.toString()).toMatch(/^Usage: \.\/molecule \S+ /)
    expect(stdout.toString()).not.toContain('bun run')
  },
)
