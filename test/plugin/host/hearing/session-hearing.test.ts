import { describe, expect, test } from 'bun:test'
import type { Fact } from '../../../../member/ledger/session-evidence.ts'
import type { Hearing } from '../../../../plugin/host/hearing/listener.ts'
import { SessionHearing } from '../../../../plugin/host/hearing/session-hearing.ts'

const PERHAPS: Hearing = { mayHold: true, certain: false, because: 'the host was started with this channel' }
const SURELY: Hearing = { mayHold: true, certain: true, because: 'MOLECULE_CHANNEL is on' }
const NEVER: Hearing = { mayHold: false, certain: true, because: 'MOLECULE_CHANNEL is off' }

function start(judged = PERHAPS) {
  const told: Fact[] = []
  const time = { now: 1_000_000 }
  const hearing = new SessionHearing({ now: () => time.now, onFact: ({ fact }) => told.push(fact) })
  hearing.judge(judged)
  return { hearing, told, time }
}

describe('the hearing of a session', () => {
  test('is none before the host has connected', () => {
    expect(new SessionHearing({ now: () => 0, onFact: () => {} }).verdict.mayHold).toBe(false)
  })

  test('depends on how the host was started, until the hook shows otherwise', () => {
    const { hearing } = start()
    expect(hearing.verdict).toBe(PERHAPS)
    hearing.weigh(3, true)
    const { mayHold, because, remedy, isProbed } = hearing.verdict
    expect([mayHold, isProbed]).toEqual([false, true])
    expect(because).toContain('has not shown 3 messages')
    expect(remedy).toContain('--dangerously-load-development-channels')
    // The same evidence as before changes nothing.
    hearing.judge(PERHAPS)
    expect([hearing.verdict.mayHold, hearing.isRefuted]).toEqual([false, true])
    hearing.heard()
    expect([hearing.verdict.mayHold, hearing.isRefuted]).toEqual([true, false])
    expect(hearing.verdict.because).toBe('the host has shown messages')
  })

  test('can be lost again by a host that has shown messages', () => {
    const { hearing } = start()
    hearing.heard()
    hearing.weigh(1, false)
    expect(hearing.verdict.mayHold).toBe(true)
    hearing.weigh(1, true)
    expect(hearing.verdict.mayHold).toBe(false)
  })

  test.each([SURELY, NEVER])(
    'stays as the user has set it, whatever reaches the hook ($because)',
    (judged) => {
      const { hearing } = start(judged)
      hearing.weigh(3, true)
      hearing.heard()
      hearing.weigh(3, true)
      expect(hearing.verdict).toBe(judged)
    },
  )

  test('takes a turn to run from a prompt, an event or a call of a tool until the host says that it ended', () => {
    const { hearing } = start()
    const idle = [hearing.typed(), hearing.typed()]
    for (const begin of [() => hearing.heard(), () => hearing.toolCalled()]) {
      hearing.turnEnded()
      begin()
      idle.push(hearing.typed())
    }
    hearing.turnEnded()
    expect([...idle, hearing.typed()]).toEqual([true, false, false, false, true])
  })

  test('is in doubt for a minute where the host does not say when turns end', () => {
    const { hearing, time } = start()
    hearing.weigh(1, false)
    time.now += 59_000
    hearing.weigh(1, false)
    expect(hearing.verdict.mayHold).toBe(true)
    time.now += 1_000
    hearing.weigh(1, false)
    expect(hearing.verdict.mayHold).toBe(false)
  })

  test('reports each fact once, and each time that an event is heard', () => {
    const { hearing, told } = start()
    for (let n = 0; n < 2; n++) {
      hearing.typed()
      hearing.heard()
      hearing.turnEnded()
      hearing.toolCalled()
    }
    expect(told).toEqual(['hooked', 'heard', 'heard'])
    expect(hearing.facts.map(({ fact }) => fact)).toEqual(['hooked', 'heard'])
  })

  test('is unproven while prompts reach the hook and no event has', () => {
    const { hearing } = start()
    hearing.toolCalled()
    const seen = [hearing.view.unproven]
    hearing.typed()
    seen.push(hearing.view.unproven)
    hearing.heard()
    expect([...seen, hearing.view.unproven]).toEqual([false, true, false])
  })

  test('tells the user once how many messages were not shown, and again when there are more', () => {
    const { hearing } = start(SURELY)
    hearing.weigh(2, true)
    expect(hearing.notice()).toContain('2 messages of the Molecule platform were sent to this session')
    hearing.weigh(2, false)
    expect(hearing.notice()).toBeUndefined()
    hearing.weigh(3, false)
    expect(hearing.notice()).toContain('3 messages')
    hearing.heard()
    expect([hearing.notice(), hearing.view.unheard]).toEqual([undefined, 0])
  })
})
