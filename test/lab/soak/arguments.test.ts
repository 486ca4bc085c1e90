import { expect, test } from 'bun:test'
import { parseSoakArguments } from '../../../lab/soak/arguments.ts'

const parse = (...argv: string[]) => parseSoakArguments(argv, () => 0.5)

test('the command line gives the length and the seed; without it they are chosen', () => {
  expect(parse('--minutes', '1', '--seed', '7')).toEqual({ minutes: 1, seed: 7 })
  expect(parse()).toEqual({ minutes: 5, seed: 2 ** 31 })
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
  ]) {
    expect(parse(...argv)).toBeUndefined()
  }
})
