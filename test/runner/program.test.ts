import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { systemClock } from '../../base/clock.ts'
import { temporaryFolder } from '../../lab/driver/temporary-folder.ts'
import { runProgram } from '../../runner/backend/program.ts'

const run = (
  folder: string,
  cmd: string,
  input: string,
  log: (line: string) => void = () => {},
): Promise<string> =>
  runProgram({
    argv: ['/bin/sh', '-c', cmd],
    environment: { PATH: process.env.PATH ?? '' },
    input,
    folder,
    timeoutMs: 120_000,
    maxOutputBytes: 1_000,
    signal: new AbortController().signal,
    log,
    clock: systemClock,
  })

test('a program has its whole input from its start, also when this process does nothing more', async () => {
  using folder = temporaryFolder()
  const input = 'é'.repeat(500_000)
  const output = run(
    folder.path,
    `wc -c >${folder.file('count.part')}; mv ${folder.file('count.part')} ${folder.file('count')}`,
    input,
  )
  // The event loop stands still, as after a crash.
  let tries = 0
  while (!readdirSync(folder.path).includes('count') && tries++ < 6_000) Bun.sleepSync(10)
  expect(readFileSync(folder.file('count'), 'utf8').trim()).toBe('1000000')
  expect(await output).toBe('')
  expect(readdirSync(folder.path)).toEqual(['count'])
})

test('a program need not read its input, and may have none', async () => {
  using folder = temporaryFolder()
  expect(await run(folder.path, 'echo done', 'x'.repeat(200_000))).toBe('done\n')
  expect(await run(folder.path, 'cat; echo nothing', '')).toBe('nothing\n')
})

test('each line of standard error is logged whole, however it was written', async () => {
  using folder = temporaryFolder()
  const lines: string[] = []
  await run(folder.path, `printf 'one ' >&2; sleep 0.05; printf 'line\n\ntwo' >&2`, '', (line) =>
    lines.push(line),
  )
  expect(lines).toEqual(['one line', 'two'])
})

test('a program that floods standard error is logged up to a bound', async () => {
  using folder = temporaryFolder()
  const lines: string[] = []
  await run(folder.path, 'yes | head -n 5000 >&2', '', (line) => lines.push(line))
  expect(lines.length).toBeLessThanOrEqual(1_001)
  expect(lines.at(-1)).toBe('writes more to standard error than is logged for one message')
})

test('no half of a word is quoted, nor a code of colours that came in parts', async () => {
  using folder = temporaryFolder()
  const cut = run(
    folder.path,
    "{ printf secret; head -c 1020 /dev/zero | tr '\\0' x; echo ' end'; } >&2; exit 3",
    '',
  )
  await expect(cut).rejects.toThrow(/^It ended with exit code 3. Its last words: end$/)
  const lines: string[] = []
  await run(folder.path, String.raw`printf 'se\033[3' >&2; sleep 0.05; printf '1mcret\n' >&2`, '', (line) =>
    lines.push(line),
  )
  expect(lines).toEqual(['secret'])
})

test('a message that cannot be written for a program asks for a repair', async () => {
  using folder = temporaryFolder()
  const outcome = run(folder.file('not-there'), 'cat', 'text')
  await expect(outcome).rejects.toMatchObject({ wedged: expect.stringContaining('cannot be written') })
})
