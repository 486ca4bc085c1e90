import { describe, expect, test } from 'bun:test'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { callTool } from '../../../plugin/host/tools/registry.ts'
import { FIRST, PEER, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000
/** As much as a result holds, nearly. */
const MANY = 32_000

/** Waits within `inbox`. Returns what it says, and after how many milliseconds. */
function wait(scene: SessionScene, process: SceneProcess, seconds: number): [string, number] {
  const begun = scene.clock.now()
  return [process.call('inbox', { wait_seconds: seconds }), scene.clock.now() - begun]
}

describe('a host that is not Claude Code', () => {
  test('holds nothing and is sent nothing, and a session that listens receives all of it', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_POLL_WINDOW_SECS: 600 })
    const process = scene.start(HOSTS.another)
    scene.pass(MINUTE_MS)
    scene.first.feed.add()
    scene.pass(MINUTE_MS)
    expect([process.holds(FIRST), scene.sent('register'), process.shown]).toEqual([false, [], []])
    const real = scene.start()
    scene.pass(MINUTE_MS)
    expect([real.holds(FIRST), real.shown.length]).toEqual([true, 1])
  })

  test('is refused a claim, with what it can do instead', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    expect(process.call('claim_channel')).toContain('the host is another-host, and only Claude Code shows')
    expect(process.call('claim_channel')).toContain('call inbox')
  })

  test('is told under each result how many messages wait', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    scene.first.feed.add()
    scene.pass(MINUTE_MS)
    process.call('status')
    scene.pass(1_000)
    expect(process.session.remark()).toContain('1 message waits: call inbox.')
  })

  test('is promised the answer to a task in inbox, since no event will come', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const given = process.call('delegate_task', { workspace_id: PEER, task: 'count' })
    expect(given).toContain('The answer arrives in inbox')
    expect(given).not.toContain('channel message')
  })

  test('gets the answer to a task within the call that waits for it, and no session shows it again', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    scene.clock.after(20_000, () => void scene.first.feed.add({ from: PEER, text: 'forty-two' }))
    const begun = scene.clock.now()
    const said = process.call('delegate_task', { workspace_id: PEER, task: 'count', wait_seconds: 60 })
    expect(said).toContain('forty-two')
    expect(scene.clock.now() - begun).toBeWithin(20_000, 25_000)
    scene.pass(MINUTE_MS)
    const looks = scene.requests.length
    scene.pass(MINUTE_MS)
    expect(scene.requests).toHaveLength(looks)
    const real = scene.start()
    scene.pass(MINUTE_MS)
    expect(real.shown).toEqual([])
  })

  test('is promised it in the session that receives while there is one', () => {
    using scene = new SessionScene()
    scene.start()
    scene.pass(1_000)
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    expect(process.session.arrival()).toBe('elsewhere')
  })
})

describe('inbox with wait_seconds', () => {
  test('returns a message soon after it arrives, and then waits for the next', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    scene.clock.after(20_000, () => void scene.first.feed.add())
    const [first, firstMs] = wait(scene, process, 60)
    expect(first).toStartWith('1 new message:\n')
    expect(firstMs).toBeWithin(20_000, 25_000)
    scene.clock.after(10_000, () => void scene.first.feed.add())
    const [second, secondMs] = wait(scene, process, 60)
    expect(second).toContain('message 2')
    expect(second).not.toContain('message 1')
    expect(secondMs).toBeWithin(10_000, 15_000)
  })

  test('returns at once what was not listed before, whichever session has read it', () => {
    using scene = new SessionScene()
    scene.start()
    scene.pass(1_000)
    scene.first.feed.add()
    scene.pass(10_000)
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const [text, ms] = wait(scene, process, 60)
    expect([text.startsWith('1 new message:'), ms < 100]).toEqual([true, true])
  })

  test('says so when nothing came, and asks the platform at most every three seconds', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(10_000)
    const before = scene.requests.length
    const [text, ms] = wait(scene, process, 30)
    expect(text).toStartWith('No new message came within 30 s.')
    expect(ms).toBeWithin(30_000, 30_100)
    expect(scene.requests.length - before).toBeLessThanOrEqual(11)
  })

  test('ends within a minute for a host that sees no progress, and might give the call up', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const [text, ms] = wait(scene, process, 300)
    expect(text).toStartWith('No new message came within 50 s. Call again')
    expect(ms).toBeLessThan(51_000)
  })

  test('lists a message again if the result never left, as when the call was given up', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const { id } = scene.first.feed.add()
    const dropped = callTool('inbox', { wait_seconds: 30 }, process.session, new AbortController().signal)
    expect(scene.result(dropped).text).toContain(id)
    expect(wait(scene, process, 30)[0]).toContain(id)
    expect(wait(scene, process, 30)[0]).toStartWith('No new message came')
  })

  test('can be cancelled, and shows progress', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const running = new AbortController()
    const told: number[] = []
    let isOver = false
    void callTool('inbox', { wait_seconds: 300 }, process.session, running.signal, (done) => {
      told.push(done)
    }).then(() => {
      isOver = true
    })
    scene.pass(21_000)
    expect([isOver, told.length]).toEqual([false, 3])
    running.abort()
    scene.pass(0)
    expect(isOver).toBe(true)
  })

  test('names an answer to a task of this session as such, and the task is done once it is marked', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const [, task = ''] =
      /task ([0-9a-f-]{36})/.exec(process.call('delegate_task', { workspace_id: PEER, task: 'count' })) ?? []
    const { id } = scene.first.feed.add({ from: PEER, text: 'forty-two' })
    expect(wait(scene, process, 60)[0]).toContain(`delegation_result A peer, task ${task}`)
    process.call('inbox', { mark_done: [id] })
    expect(process.call('check_task_status', { task_id: task })).toContain(`Task ${task} was answered`)
  })

  test('never lists again what was answered, and no session shows it as new', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const { id } = scene.first.feed.add()
    expect(wait(scene, process, 60)[0]).toContain(id)
    process.call('reply_to_workspace', { activity_id: id, text: 'done' })
    expect(process.call('inbox')).toStartWith('Nothing is unanswered.')
    const real = scene.start()
    scene.pass(MINUTE_MS)
    expect([real.holds(FIRST), real.shown]).toEqual([true, []])
  })

  test('gets the files of a message through inbox: where they are, or why they are not here', async () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const [small, large] = ['a,b', 'x'.repeat(2_000_000)].map((content) =>
      Buffer.from(content).toString('base64'),
    )
    const parts = [
      { raw: small, filename: '売上.csv', mediaType: 'text/csv' },
      { raw: large, filename: 'large.bin' },
      { url: 'https://files.example/b.pdf' },
    ]
    const { id } = scene.first.feed.poison((id) => ({
      id,
      source_id: PEER,
      method: 'message/send',
      created_at: new Date(scene.clock.now()).toISOString(),
      seq: 1,
      request_body: { params: { message: { parts } } },
    }))
    scene.pass(20_000)
    expect(process.call('inbox')).toContain('[3 files: 売上.csv, large.bin, b.pdf]')
    // The file is written in real time.
    const { signal } = new AbortController()
    const { text: whole } = await callTool('inbox', { activity_id: id }, process.session, signal)
    const path = /- 売上\.csv: (.*)\n/.exec(whole)?.[1] ?? ''
    expect(path).toStartWith(scene.paths.receivedFiles)
    expect(await Bun.file(path).text()).toBe('a,b')
    expect(whole).toContain(`- large.bin: ${scene.paths.receivedFiles}`)
    expect(whole).toContain('- b.pdf: https://files.example/b.pdf\nIts text:')
  })

  test('keeps the whole of an answer that it fetches: its long text, and the files inside it', async () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const raw = Buffer.from('a,b').toString('base64')
    const text = `${'x'.repeat(MANY)}END`
    let id = ''
    scene.clock.after(10_000, () => {
      const row = scene.first.feed.poison((id) => ({
        id,
        source_id: PEER,
        method: 'message/send',
        created_at: new Date(scene.clock.now()).toISOString(),
        seq: 1,
        request_body: { params: { message: { parts: [{ text }, { raw, filename: 'table.csv' }] } } },
      }))
      id = row.id
    })
    process.call('delegate_task', { workspace_id: PEER, task: 'count', wait_seconds: 60 })
    scene.pass(2_000)
    const { signal } = new AbortController()
    const { text: whole } = await callTool('inbox', { activity_id: id }, process.session, signal)
    expect(whole).toEndWith('xEND')
    const path = /- table\.csv: (.*)\n/.exec(whole)?.[1] ?? ''
    expect(await Bun.file(path).text()).toBe('a,b')
  })

  test('shows the whole text of a message that waits on the platform', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const { id } = scene.first.feed.add({ text: `${'x'.repeat(MANY)}END` })
    scene.pass(20_000)
    expect(process.call('inbox', { activity_id: id })).toEndWith('xEND')
  })

  test('takes a cancel as done, and the next session does not show its task', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const [, cancel] = [
      ['message/send', { message: { messageId: 't-2', parts: [{ kind: 'text', text: 'do it' }] } }] as const,
      ['tasks/cancel', { id: 't-2' }] as const,
    ].map(([method, params], index) => {
      scene.pass(10)
      const created_at = new Date(scene.clock.now()).toISOString()
      return scene.first.feed.poison((id) => ({
        id,
        source_id: PEER,
        method,
        created_at,
        seq: index + 1,
        request_body: { params },
      }))
    })
    scene.pass(20_000)
    process.call('inbox', { mark_done: [cancel?.id ?? ''] })
    const real = scene.start()
    scene.pass(MINUTE_MS)
    expect([real.holds(FIRST), real.shown]).toEqual([true, []])
  })
})
