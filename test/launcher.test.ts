import { expect, test } from 'bun:test'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { mcpServers } from '../.claude-plugin/plugin.json'
import { type TemporaryFolder, temporaryFolder } from '../lab/driver/temporary-folder.ts'
import { packageManager } from '../package.json'

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

/** A stand-in for the pinned Bun, where the launcher looks for it: prints what it is told to run, and its environment. */
function plantBun(folder: TemporaryFolder): void {
  const bin = folder.file(`.tools/bun-${packageManager.replace('bun@', '')}/node_modules/@oven/any/bin`)
  mkdirSync(bin, { recursive: true })
  const stub = '#!/bin/sh\ncase $1 in run | --config=*) echo "$@"; env ;; esac\n'
  writeFileSync(join(bin, 'bun'), stub)
  chmodSync(join(bin, 'bun'), 0o755)
}

test('variables that an editor or a shell sets for every Bun do not reach the scripts, and the manifest overrides the same ones', () => {
  using folder = temporaryFolder()
  plantBun(folder)
  const { BUN_JSC_useJIT: _ours, ...overridden } = mcpServers.molecule.env
  const hostile = Object.fromEntries(
    [...Object.keys(overridden), 'BUN_CONFIG_VERBOSE_FETCH'].map((name) => [name, 'hostile']),
  )
  for (const name of ['molecule', 'package.json']) copyFileSync(join(ROOT, name), folder.file(name))
  const { stdout } = Bun.spawnSync(['/bin/sh', 'molecule', 'demo', '--all'], {
    cwd: folder.path,
    env: { PATH: '/usr/bin:/bin', ...hostile },
  })
  expect(stdout.toString()).toStartWith('run --silent demo --all\n')
  expect(stdout.toString()).not.toContain('hostile')
})

test('a clone by a git that writes CRLF has a launcher that runs', () => {
  using folder = temporaryFolder()
  const git = (...args: readonly string[]) =>
    Bun.spawnSync(['git', '-c', 'user.name=x', '-c', 'user.email=x@x', ...args], { cwd: folder.path })
  for (const name of ['.gitattributes', 'molecule', 'package.json']) {
    copyFileSync(join(ROOT, name), folder.file(name))
  }
  git('init', '-q')
  git('add', '.')
  git('commit', '-q', '-m', 'x')
  git('-c', 'core.autocrlf=true', '-c', 'core.eol=crlf', 'clone', '-q', '.', 'clone')
  const { exitCode, stdout } = Bun.spawnSync([folder.file('clone/molecule'), 'help'])
  expect([exitCode, stdout.toString()]).toEqual([0, expect.stringContaining('Usage: ./molecule SCRIPT')])
})

test('doctor looks for programs on the PATH of its caller, as Claude Code does', () => {
  using folder = temporaryFolder()
  plantBun(folder)
  for (const name of ['molecule', 'package.json']) copyFileSync(join(ROOT, name), folder.file(name))
  const { stdout } = Bun.spawnSync(['/bin/sh', 'molecule', 'doctor', '--json'], {
    cwd: folder.path,
    env: { PATH: '/usr/bin:/bin' },
  })
  expect(stdout.toString()).toMatch(/^--config=\S+ \S+\/plugin\/doctor\/main\.ts --json\n/)
  expect(stdout.toString()).toContain('PATH=/usr/bin:/bin\n')
})
