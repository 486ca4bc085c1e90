import { expect, test } from 'bun:test'
import { Dice } from '../../lab/dice.ts'

const ROLLS = 2_000
const rolls = <T>(dice: Dice, roll: (dice: Dice) => T): readonly T[] =>
  Array.from({ length: ROLLS }, () => roll(dice))

test('a seed gives the same rolls each time, and another seed or actor gives others', () => {
  const random = (dice: Dice): readonly number[] => rolls(dice, ({ random }) => random())
  expect(random(new Dice(7))).toEqual(random(new Dice(7)))
  expect(random(new Dice(7, 'writer'))).toEqual(random(new Dice(7, 'writer')))
  const seen = [new Dice(7), new Dice(8), new Dice(7, 'writer'), new Dice(7, 'reader')].map(
    (dice) => random(dice)[0],
  )
  expect(new Set(seen).size).toBe(4)
})

test('every roll stays within its bounds, and reaches them', () => {
  const dice = new Dice(1)
  const between = rolls(dice, () => dice.between(2, 4))
  expect([Math.min(...between), Math.max(...between), new Set(between).size]).toEqual([2, 4, 3])
  const upTo = rolls(dice, () => dice.upTo(3))
  expect([Math.min(...upTo), Math.max(...upTo)]).toEqual([0, 2])
  expect(new Set(rolls(dice, () => dice.pick(['a', 'b'])))).toEqual(new Set(['a', 'b']))
  const pauses = rolls(dice, () => dice.pause(100))
  expect([Math.min(...pauses) >= 0, Math.max(...pauses)]).toEqual([true, 400])
})

test('a chance comes as often as it should', () => {
  const dice = new Dice(1)
  const hits = rolls(dice, () => dice.chance(0.25)).filter(Boolean).length
  expect(Math.abs(hits / ROLLS - 0.25)).toBeLessThan(0.03)
})

test('picking from nothing is an error', () => {
  expect(() => new Dice(1).pick([])).toThrow('nothing to pick from')
})
