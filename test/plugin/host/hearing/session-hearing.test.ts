import { describe, expect, test } from 'bun:test'
import type { Fact } from '../../../../member/ledger/session-evidence.ts'
import { deaf } from '../../../../plugin/host/hearing/listener.ts'
import { SessionHearing } from '../../../../plugin/host/hearing/session-hearing.ts'

const PERHAPS = { mayHold: true, certain: false, because: 'the host is an SDK' }
const SURELY = { mayHold: true, certain: true, because: 'MOLECULE_CHANNEL is on' }
const NEVER = deaf('MOLECULE_CHANNEL is off', 'set it to auto')

function start(judged = PERHAPS): { hearing: SessionHearing; told: Fact[] } {
  const told: Fact[] = []
  const hearing = new SessionHearing((fact) => told.push(fact))
  hearing.judge(judged)
  return { hearing, told }
}

describe('the hearing of a session', () => {
  test('is not there before the host was heard', () => {
    expect(new SessionHearing(() => {}).verdict.mayHold).toBe(false)
  })

  test('is open while nothing is certain, and settled by a receipt', () => {
    const { hearing } = start()
    expect([hearing.isOpen, hearing.verdict.mayHold]).toEqual([true, true])
    hearing.receipted()
    expect([hearing.isOpen, hearing.verdict.certain]).toEqual([false, true])
    // Nothing refutes it later.
    hearing.refute(3)
    expect(hearing.verdict.mayHold).toBe(true)
  })

  test('that is refuted says why and what to do, until a receipt comes or somebody decides', () => {
    const { hearing } = start()
    hearing.refute(3)
    const { mayHold, because, remedy } = hearing.verdict
    expect([mayHold, hearing.isOpen]).toEqual([false, false])
    expect(because).toContain('the 3 messages')
    expect(remedy).toContain('--dangerously-load-development-channels')
    // Read again, the start of this session tells the same.
    hearing.judge(PERHAPS)
    expect(hearing.verdict.mayHold).toBe(false)
    hearing.judge(SURELY)
    expect(hearing.verdict.mayHold).toBe(true)
    hearing.judge(PERHAPS)
    hearing.receipted()
    expect(hearing.verdict.mayHold).toBe(true)
  })

  test('that was switched off stays off, whatever the hook is given', () => {
    const { hearing } = start(NEVER)
    hearing.receipted()
    expect(hearing.verdict).toBe(NEVER)
  })

  test('tells each fact once, and with_channel only where that is certain', () => {
    const { hearing, told } = start()
    for (let n = 0; n < 2; n++) {
      hearing.prompted()
      hearing.receipted()
      hearing.judge(PERHAPS)
    }
    expect(told).toEqual(['prompted', 'receipted'])
    hearing.judge(SURELY)
    expect(hearing.facts).toEqual(['prompted', 'receipted', 'with_channel'])
    expect(start(NEVER).told).toEqual([])
  })

  test('is unproven once the hook is given prompts and no receipt has come', () => {
    const { hearing } = start()
    hearing.toolCalled()
    const seen = [hearing.unproven]
    hearing.prompted()
    seen.push(hearing.unproven)
    hearing.receipted()
    expect([...seen, hearing.unproven]).toEqual([false, true, false])
  })
})
