import { describe, expect, test } from 'bun:test'
import { Dice } from '../../../../lab/dice.ts'
import { BellPace } from '../../../../plugin/host/doorbell/pace.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000

/** Rings when it may. Returns after how many milliseconds from `now`; undefined: never by itself. */
function next(pace: BellPace, now: number): number | undefined {
  let waited = 0
  for (let step = 0; step < 100; step++) {
    const decision = pace.decide(1, now + waited)
    if (decision.do === 'ring') {
      pace.rung(now + waited)
      return waited
    }
    if (decision.do !== 'wait' || !Number.isFinite(decision.ms)) return undefined
    waited += decision.ms
  }
  throw new Error('it waits in steps that never end')
}

test('an idle session is rung at once, and not while nothing waits', () => {
  const pace = new BellPace()
  expect(pace.decide(0, 0)).toEqual({ do: 'wait', ms: Number.POSITIVE_INFINITY })
  expect(pace.decide(3, 0)).toEqual({ do: 'ring', attempt: 1 })
})

describe('a bell that is not followed', () => {
  test('is repeated at growing intervals, four bells in all, and then given up', () => {
    const pace = new BellPace()
    let now = 0
    const after: (number | undefined)[] = []
    for (let bell = 0; bell < 5; bell++) {
      const waited = next(pace, now)
      after.push(waited)
      now += waited ?? 0
    }
    expect(after).toEqual([0, 30 * SECOND_MS, 2 * MINUTE_MS, 8 * MINUTE_MS, undefined])
    expect(pace.decide(1, now + 8 * MINUTE_MS)).toEqual({ do: 'unheard' })
  })

  test('counts as unread once one of them was heard', () => {
    const pace = new BellPace()
    let now = 0
    for (let bell = 0; bell < 4; bell++) {
      now += next(pace, now) ?? 0
      if (bell === 1) pace.heard(now)
      pace.turnEnded()
    }
    expect(pace.decide(1, now + 8 * MINUTE_MS)).toEqual({ do: 'unread' })
  })

  test('starts anew once messages were read', () => {
    const pace = new BellPace()
    next(pace, 0)
    next(pace, 0)
    pace.told(31 * SECOND_MS)
    pace.turnEnded()
    expect(pace.attempts).toBe(0)
    expect(next(pace, 40 * SECOND_MS)).toBe(0)
  })
})

describe('a turn', () => {
  test('in which a bell was heard is not rung again before its end', () => {
    const pace = new BellPace()
    pace.turnEnded()
    next(pace, 0)
    pace.heard(100)
    expect(pace.decide(1, 9 * MINUTE_MS)).toMatchObject({ do: 'wait' })
    pace.turnEnded()
    expect(pace.decide(1, 9 * MINUTE_MS)).toMatchObject({ do: 'ring', attempt: 2 })
  })

  test('that runs already is rung once', () => {
    const pace = new BellPace()
    pace.turnEnded()
    pace.active(0)
    expect(next(pace, 0)).toBe(0)
    pace.active(2 * MINUTE_MS)
    expect(pace.decide(1, 3 * MINUTE_MS)).toMatchObject({ do: 'wait' })
  })

  test('that begins while a bell is under way gets that bell, and no other', () => {
    const pace = new BellPace()
    pace.turnEnded()
    next(pace, 0)
    pace.active(1_000)
    expect(pace.decide(1, 5 * MINUTE_MS)).toMatchObject({ do: 'wait' })
  })

  test('in which messages were read is not rung for later ones before its end', () => {
    const pace = new BellPace()
    next(pace, 0)
    pace.heard(100)
    pace.told(200)
    expect(pace.decide(1, 20 * SECOND_MS)).toMatchObject({ do: 'wait' })
    pace.turnEnded()
    expect(pace.decide(1, 20 * SECOND_MS)).toEqual({ do: 'ring', attempt: 1 })
  })

  test('that gives no sign of itself counts as over after ten minutes: nobody reports that it was interrupted', () => {
    const pace = new BellPace()
    pace.turnEnded()
    next(pace, 0)
    pace.heard(0)
    expect(next(pace, 1_000)).toBe(10 * MINUTE_MS - 1_000)
  })

  test('counts as over after one minute where no hook is called', () => {
    const pace = new BellPace()
    next(pace, 0)
    pace.active(0)
    expect(next(pace, 1_000)).toBe(MINUTE_MS - 1_000)
  })

  test.each(['heard', 'hooked'] as const)(
    'that is the first of a session counts like any other once a hook is called (%s)',
    (hook) => {
      const pace = new BellPace()
      next(pace, 0)
      pace.active(0)
      pace[hook](0)
      expect(next(pace, 1_000)).toBe(10 * MINUTE_MS - 1_000)
    },
  )

  test('that may keep the bells from being passed on is rung every ten minutes, and nothing follows from their silence', () => {
    const pace = new BellPace()
    pace.turnEnded()
    pace.active(0)
    let now = 0
    const after: (number | undefined)[] = []
    for (let bell = 0; bell < 4; bell++) {
      const waited = next(pace, now)
      after.push(waited)
      now += waited ?? 0
    }
    expect(after).toEqual([0, 10 * MINUTE_MS, 10 * MINUTE_MS, 10 * MINUTE_MS])
    expect(pace.decide(1, now + 10 * MINUTE_MS)).toEqual({ do: 'unread' })
  })
})

test('whatever happens, two bells are five seconds apart, and no more than four come without a reading', () => {
  const dice = new Dice(17)
  for (let life = 0; life < 200; life++) {
    const pace = new BellPace()
    let [now, rungAt, since] = [0, Number.NEGATIVE_INFINITY, 0]
    for (let step = 0; step < 200; step++) {
      now += dice.upTo(60_000)
      const chance = dice.random()
      if (chance < 0.15) pace.active(now)
      else if (chance < 0.3) pace.turnEnded()
      else if (chance < 0.35) {
        pace.told(now)
        since = 0
      } else if (chance < 0.5 && pace.isUnderWay) pace.heard(now)
      const decision = pace.decide(1 + dice.upTo(5), now)
      if (decision.do !== 'ring') continue
      expect(now - rungAt).toBeGreaterThanOrEqual(5_000)
      expect(++since).toBeLessThanOrEqual(4)
      rungAt = now
      pace.rung(now)
    }
  }
})
