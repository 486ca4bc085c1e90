import { expect, test } from 'bun:test'
import { parseSoakArguments } from '../../../lab/soak/arguments.ts'

const parse = (...argv: string[]) => parseSoakArguments(argv, () => 0.5)

test('the command line gives the length and the seed; without it they are chosen', () => {
  expect(parse('--minutes', '1', '--seed', '7')).toEqual({ of: 'sessions', minutes: 1, seed: 7 })
  expect(parse()).toEqual({ of: 'sessions', minutes: 5, seed: 2 ** 31 })
})

test('--runner chooses the loop of kills, whose length the command line gives', () => {
  expect(parse('--runner')).toEqual({
    of: 'runner',
    kills: 100,
    messages: 500,
    killsPlatform: false,
    seed: 2 ** 31,
  })
  const chosen = parse('--runner', '--kills', '3', '--messages', '9', '--kill-platform', '--seed', '1')
  expect(chosen).toEqual({ of: 'runner', kills: 3, messages: 9, killsPlatform: true, seed: 1 })
})

test('--doorbell chooses the loop of kills of a session that is rung', () => {
  const chosen = parse('--doorbell', '--kills', '3', '--messages', '9', '--seed', '1')
  expect(chosen).toEqual({ of: 'doorbell', kills: 3, messages: 9, seed: 1 })
})

test('--help asks for help, whatever else is there', () => {
  expect([parse('--help'), parse('-h', '--minutes', '1')]).toEqual(['help', 'help'])
})

test('an invalid length, seed or option is refused', () => {
  for (const argv of [
    ['--minutes', '0'],
    ['--minutes', 'x'],
    ['--seed', '1.5'],
    ['--seed', '-1'],
    ['--minutes'],
    ['--hours', '1'],
    ['1'],
    ['--kills', '3'],
    ['--kill-platform'],
    ['--runner', '--minutes', '1'],
    ['--runner', '--kills', '0'],
    ['--doorbell', '--minutes', '1'],
    ['--doorbell', '--runner'],
    ['--doorbell', '--kill-platform'],
    ['--runner', '--messages', '1.5'],
  ]) {
    expect(parse(...argv)).toBeUndefined()
  }
})
