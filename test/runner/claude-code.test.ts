import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { systemClock } from '../../base/clock.ts'
import { type TemporaryFolder, temporaryFolder } from '../../lab/driver/temporary-folder.ts'
import type { Backend } from '../../runner/backend/backend.ts'
import { claudeCodeBackend } from '../../runner/backend/claude-code.ts'
import { requestWith } from '../fixtures/runner-request.ts'

let folder: TemporaryFolder
let backend: Backend
beforeEach(() => {
  folder = temporaryFolder()
  // Each call is a line of `calls`, answered as the file of its number says.
  const lines = [
    '#!/bin/sh',
    `cd '${folder.path}'`,
    'for word in "$@"; do case $word in --resume|session-*) printf "%s " "$word"; esac; done >>calls',
    'echo >>calls',
    '. "./$(wc -l <calls | tr -d " ")"',
  ]
  writeFileSync(folder.file('claude'), `${lines.join('\n')}\n`)
  chmodSync(folder.file('claude'), 0o700)
  const surroundings = {
    environment: { PATH: process.env.PATH },
    stateFolder: folder.path,
    log: () => {},
    debug: () => {},
    warn: () => {},
    clock: systemClock,
  }
  backend = claudeCodeBackend({ bin: folder.file('claude') }, surroundings)
})
afterEach(() => folder[Symbol.dispose]())

/** What the client does when it is called for the first time, the second, and so on. */
function script(...calls: readonly string[]): void {
  for (const [index, text] of calls.entries()) writeFileSync(folder.file(String(index + 1)), `${text}\n`)
}

const prints = (result: Readonly<Record<string, unknown>>, exitCode = 0): string =>
  `echo '${JSON.stringify(result)}'; exit ${exitCode}`
const says = (result: string, session = 'session-1'): string =>
  prints({ result, is_error: false, subtype: 'success', session_id: session })
const fails = (more: Readonly<Record<string, unknown>>): string =>
  prints({ is_error: true, session_id: 'session-1', ...more }, 1)

const NOT_LOGGED_IN = fails({ subtype: 'success', terminal_reason: 'api_error', result: 'Not logged in' })
const TOO_LONG = fails({
  subtype: 'success',
  terminal_reason: 'api_error',
  api_error_status: 400,
  result: 'too long',
})
const TURNS = fails({ subtype: 'error_max_turns', errors: ['Reached maximum number of turns (1)'] })

const request = requestWith()

const answer = async (): Promise<string | undefined> =>
  (await backend.answer(request, new AbortController().signal))?.text
/** Which session each call was to go on with. */
const calls = (): readonly string[] =>
  readFileSync(folder.file('calls'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => line.trim())

describe('Claude Code', () => {
  test('goes on with its session, and begins another at once where that is gone', async () => {
    script(
      says('one'),
      says('two'),
      'echo "No conversation found" >&2; exit 1',
      says('three', 'session-2'),
      says('four'),
    )
    expect([await answer(), await answer(), await answer(), await answer()]).toEqual([
      'one',
      'two',
      'three',
      'four',
    ])
    expect(calls()).toEqual(['', '--resume session-1', '--resume session-1', '', '--resume session-2'])
  })

  test('that cannot ask its model says why, needs a repair, and keeps its session', async () => {
    script(says('one'), NOT_LOGGED_IN, says('two'))
    await answer()
    const wedged = 'Claude Code cannot ask its model: Not logged in'
    await expect(answer()).rejects.toMatchObject({ message: wedged, wedged })
    await answer()
    expect(calls().at(-1)).toBe('--resume session-1')
  })

  test('that reached a limit is not asked again, and its session goes on with the next message', async () => {
    script(TURNS, says('done'))
    const message = 'Claude Code reached a limit of its options: Reached maximum number of turns (1)'
    await expect(answer()).rejects.toMatchObject({ message, isFinal: true, wedged: undefined })
    await answer()
    expect(calls()).toEqual(['', '--resume session-1'])
  })

  test('that fails in another way begins a new session: what the old one holds may be the reason', async () => {
    script(says('one'), TOO_LONG, says('two', 'session-2'))
    await answer()
    const message = 'Claude Code failed: too long'
    await expect(answer()).rejects.toMatchObject({ message, isFinal: false, wedged: undefined })
    await answer()
    expect(calls()).toEqual(['', '--resume session-1', ''])
  })
})

test('an answer is given also where its session cannot be kept', async () => {
  mkdirSync(folder.file('claude-code-sessions.json'))
  script(says('one'))
  expect(await backend.answer(request, new AbortController().signal)).toEqual({ text: 'one' })
})
