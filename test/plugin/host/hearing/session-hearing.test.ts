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
  test('is none before the host has connected', () => {
    expect(new SessionHearing(() => {}).verdict.mayHold).toBe(false)
  })

  test('stays open until something is certain, and a receipt settles it', () => {
    const { hearing } = start()
    expect([hearing.isOpen, hearing.verdict.mayHold]).toEqual([true, true])
    hearing.receipted()
    expect([hearing.isOpen, hearing.verdict.certain]).toEqual([false, true])
    // Nothing refutes a receipt.
    hearing.refute(3)
    expect(hearing.verdict.mayHold).toBe(true)
  })

  test('says why and what to do once refuted, until a receipt or the user decides otherwise', () => {
    const { hearing } = start()
    hearing.refute(3)
    const { mayHold, because, remedy } = hearing.verdict
    expect([mayHold, hearing.isOpen]).toEqual([false, false])
    expect(because).toContain('has not shown 3 messages')
    expect(remedy).toContain('--dangerously-load-development-channels')
    // The same evidence as before changes nothing.
    hearing.judge(PERHAPS)
    expect([hearing.verdict.mayHold, hearing.isRefuted]).toEqual([false, true])
    hearing.judge(SURELY)
    expect(hearing.verdict.mayHold).toBe(true)
    hearing.judge(PERHAPS)
    hearing.receipted()
    expect([hearing.verdict.mayHold, hearing.isRefuted]).toEqual([true, false])
  })

  test('stays off once switched off, whatever reaches the hook', () => {
    const { hearing } = start(NEVER)
    hearing.receipted()
    expect(hearing.verdict).toBe(NEVER)
  })

  test('reports each fact once, and with_channel only when it is certain', () => {
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

  test('is unproven while prompts reach the hook and no receipt has come', () => {
    const { hearing } = start()
    hearing.toolCalled()
    const seen = [hearing.unproven]
    hearing.prompted()
    seen.push(hearing.unproven)
    hearing.receipted()
    expect([...seen, hearing.unproven]).toEqual([false, true, false])
  })
})
