import { describe, expect, test } from 'bun:test'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FIRST, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

describe('status', () => {
  test('names the error of the last look until one succeeds', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(1_000)
    expect(process.status).toContain('receiving: yes')
    scene.answer = ({ route }) =>
      route === 'activity' ? jsonResponse(500, { error: 'out of order' }) : undefined
    scene.pass(10_000)
    expect(process.status).toContain('receiving: no, the workspace cannot be read: see below')
    expect(process.status).toContain('last error: the platform answered 500 out of order')
    scene.answer = () => undefined
    scene.pass(10_000)
    expect(process.status).toContain('receiving: yes')
    expect(process.status).not.toContain('last error')
    expect(process.said('reads its inbox again after ')).toHaveLength(1)
  })

  test('tells when the inbox was last read', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_POLL_INTERVAL_MS: 60_000 })
    const process = scene.start()
    expect(process.status).toContain('receiving: not yet, the workspace has not been read yet: see below')
    scene.pass(31_000)
    expect(process.status).toMatch(/last read (?:30|31) s ago/)
  })

  test('counts the messages, and those that senders were not allowed to send', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_ALLOWED_SENDERS: 'canvas' })
    const process = scene.start()
    scene.pass(1_000)
    scene.first.feed.add()
    scene.first.feed.add({ from: SECOND })
    scene.pass(10_000)
    expect(process.status).toContain(
      'messages: 0 waiting, 0 shown but not answered, 0 answered, 0 not for the model, 1 sent and not confirmed,',
    )
    expect(process.status).toContain('1 skipped because of MOLECULE_ALLOWED_SENDERS')
  })

  test('still tells the rest when the ledger cannot be read', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(10_000)
    process.session.ledger()?.close()
    expect(process.status).toContain('messages: 0 waiting')
  })

  test('shows a full disk until there is room', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(10_000)
    scene.isFull = true
    scene.first.feed.add()
    scene.pass(10_000)
    expect(process.status).toContain('last error: database or disk is full')
    scene.isFull = false
    scene.pass(10_000)
    expect(process.shown).toHaveLength(1)
    expect(process.status).not.toContain('last error')
  })

  test('names the version, the process, its host and the log file', () => {
    using scene = new SessionScene()
    const process = scene.start()
    const lines = process.status.split('\n')
    expect(lines[0]).toBe(`Molecule channel 0.0.0, pid ${process.pid}, host claude-code`)
    expect(lines.at(-1)).toBe(`log: ${scene.paths.logFile}`)
  })

  test('doubts that the host shows messages once prompts come without a receipt', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(1_000)
    const { id } = scene.first.feed.add()
    scene.pass(10_000)
    expect(process.status).not.toContain('no sign yet')
    process.session.submitted(undefined)
    expect(process.status).toContain('no sign yet that the host shows messages, though 1 was sent')
    process.session.submitted({ workspaceId: FIRST, activityId: id })
    expect(process.status).not.toContain('no sign yet')
  })
})
