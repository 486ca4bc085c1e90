/** Messages without the channel: the client is rung in any moment of a session, and the model reads. */
import { match, ok, strictEqual } from 'node:assert/strict'
import { systemClock } from '../../base/clock.ts'
import { sleep } from '../../base/sleep.ts'
import { MIN_GAP_MS } from '../../plugin/host/doorbell/pace.ts'
import type { ClientSession } from '../driver/client/client-session.ts'
import type { HeldTurn } from '../driver/client/model-api.ts'
import { bellsIn } from '../driver/client/model-request.ts'
import { LOOK_AROUND, READ, REPLY, STATUS } from '../driver/client/plugin-tools.ts'
import { until } from '../driver/until.ts'
import { assertShown, type Scenario } from './scenario.ts'

const RUNG = ['MOLECULE_CHANNEL', 'doorbell'] as const
/** What the client logs when it has taken a bell. */
const ROUTED = /Routed user message to queue/
const READS = { call: READ, input: {} } as const

const idle: Scenario = {
  name: 'bell-idle',
  rule: 'after /molecule:receive, a message begins a turn in an idle session, is read once, and is answered with our tool',
  async play(stage) {
    const session = await stage.plainSession()
    match(await session.receive(), /^This session receives for workspace /)
    const before = session.loggedAt(/Hook UserPromptSubmit /).length
    await stage.write('one')
    const { meta } = await session.untilShown('one')
    await stage.untilState('confirmed', 'one')
    session.model.hold()
    await stage.write('two')
    const turn = await session.model.nextTurn()
    const { tools, texts } = turn.request
    const [, bell = ''] = bellsIn(turn.request)
    match(bell, /answer with its reply_to_workspace, not with SendMessage/)
    ok(tools.includes(READ) && tools.includes(REPLY), `not among the tools: ${tools.join(', ')}`)
    ok(
      [...tools, ...texts].some((text) => text.includes('SendMessage')),
      'the client offers no SendMessage',
    )
    turn.answer({ call: REPLY, input: { activity_id: meta.activity_id, text: 'Here.' } })
    session.model.release()
    await until('the reply in the chat', async () => (await stage.replies()).includes('Here.'))
    await stage.untilState('answered', 'one')
    const from = stage.storedAt('one')
    const heardMs = (session.loggedAt(/Hook UserPromptSubmit /)[before] ?? Number.NaN) - from
    const calledMs = (session.loggedAt(/Calling MCP tool: read_messages/)[0] ?? Number.NaN) - from
    return `stored to heard ${heardMs} ms, to the call of read_messages ${calledMs} ms; answered with reply_to_workspace`
  },
}

/** Has the model call a tool in a waiting turn until the turn has so many bells. */
async function untilRung(session: ClientSession, begin: HeldTurn, count: number): Promise<HeldTurn> {
  let turn = begin
  await until(`bell ${count} in the turn`, async () => {
    if (bellsIn(turn.request).length >= count) return true
    turn.answer(LOOK_AROUND)
    turn = await session.model.nextTurn()
    return false
  })
  return turn
}

const busy: Scenario = {
  name: 'bell-busy',
  rule: 'messages that arrive while a turn calls tools ring once in it, and are read in it or after it, once',
  async play(stage) {
    stage.set(...RUNG)
    const session = await stage.plainSession()
    session.model.hold()
    await session.prompt('Work on it.')
    await stage.write('one')
    let turn = await untilRung(session, await session.model.nextTurn(), 1)
    await stage.write('two')
    await stage.untilState('received', 'two')
    turn.answer(READS)
    turn = await session.model.nextTurn()
    assertShown(session, 'one', 'two')
    await stage.write('three')
    await stage.untilState('received', 'three')
    turn.answer(LOOK_AROUND)
    turn = await session.model.nextTurn()
    const [result = ''] = turn.request.results
    match(result, /Note: 1 message waits to be read: call read_messages\./)
    await sleep(MIN_GAP_MS + 1_000, undefined, systemClock)
    turn.answer(LOOK_AROUND)
    turn = await session.model.nextTurn()
    strictEqual(session.bells.length, 1, 'the turn was rung again')
    turn.answer({ say: 'Done.' })
    session.model.release()
    await stage.untilState('confirmed', 'one', 'two', 'three')
    assertShown(session, 'one', 'two', 'three')
    strictEqual(session.bells.length, 2)
    return 'two were read in the turn after one bell; the third after it, with the second bell'
  },
}

const DIALOG = 'Do you want to proceed?'

const dialog: Scenario = {
  name: 'bell-dialog',
  rule: 'a bell waits while a permission dialog is open; reading and receiving open none in the default permission mode',
  async play(stage) {
    const session = await stage.plainSession({ allow: STATUS })
    await session.receive()
    session.model.hold()
    await session.prompt('Who is there?')
    const before = session.model.requests.length
    const asking = await session.model.nextTurn()
    asking.answer(LOOK_AROUND)
    await session.sees(DIALOG)
    await stage.write('one')
    await until('the bell in the inbox', () => session.loggedAt(ROUTED).length > 0)
    strictEqual(session.model.requests.length, before, 'the model got a request while the dialog was open')
    await session.accept(DIALOG, 'the tool to be called', () => session.model.requests.length > before)
    session.model.release()
    await stage.untilState('confirmed', 'one')
    assertShown(session, 'one')
    strictEqual(session.bells.length, 1)
    return 'nothing came while it was open; the message was read right after it, without another'
  },
}

const interrupted: Scenario = {
  name: 'bell-interrupted',
  rule: 'Esc while a bell waits, while messages are read, and in a turn that has read loses none and repeats none',
  async play(stage) {
    stage.set(...RUNG)
    const session = await stage.plainSession()
    session.model.hold()
    await session.prompt('Work on it.')
    const working = await session.model.nextTurn()
    working.answer(LOOK_AROUND)
    await session.model.nextTurn()
    await stage.write('one')
    await until('the bell in the inbox', () => session.loggedAt(ROUTED).length > 0)
    await session.interrupt()
    const rung = await session.model.nextTurn()
    strictEqual(session.bells.length, 1, 'the bell was lost')
    {
      using _ = stage.busyLedger()
      rung.answer(READS)
      await until('the call', () => session.loggedAt(/Calling MCP tool: read_messages/).length > 0)
      await session.interrupt()
    }
    await session.prompt('Read them.')
    const again = await session.model.nextTurn()
    again.answer(READS)
    await session.untilShown('one')
    await stage.write('two')
    await stage.untilState('received', 'two')
    await session.interrupt()
    await session.prompt('Go on.')
    session.model.release()
    await stage.untilState('confirmed', 'one', 'two')
    assertShown(session, 'one', 'two')
    return 'the bell began the next turn; the first message was read in the one after it, the second after that'
  },
}

const hooksOff: Scenario = {
  name: 'bell-hooks-off',
  rule: 'messages are rung for and read although all hooks are disabled',
  async play(stage) {
    stage.set(...RUNG)
    const session = await stage.plainSession({ settings: { disableAllHooks: true } })
    await stage.write('one')
    await session.untilShown('one')
    await stage.untilState('sent', 'one')
    session.model.hold()
    await session.prompt('Anything else?')
    await stage.write('two')
    await stage.untilState('received', 'two')
    const turn = await session.model.nextTurn()
    turn.answer(READS)
    await session.untilShown('two')
    session.model.release()
    assertShown(session, 'one', 'two')
    ok(
      stage.ledger().every(({ state }) => state === 'sent'),
      'a receipt came although hooks are disabled',
    )
    return 'the model was shown both, and no receipt confirmed them'
  },
}

const clear: Scenario = {
  name: 'bell-clear',
  rule: 'after /clear the same process is rung',
  async play(stage) {
    stage.set(...RUNG)
    const session = await stage.plainSession()
    await stage.write('before')
    await stage.untilState('confirmed', 'before')
    const { pid } = session.plugin
    await session.enter('/clear', 'the conversation to be cleared', () =>
      /Hook SessionStart:clear /.test(session.debugLog()),
    )
    await stage.write('after')
    await stage.untilState('confirmed', 'after')
    assertShown(session, 'after')
    strictEqual(session.plugin.pid, pid, 'the plugin was restarted')
    return 'the next message was read in the new conversation, which contains no other'
  },
}

const ignored: Scenario = {
  name: 'bell-ignored',
  rule: 'a model that does not follow a bell is rung again after its turn, with other words, and is shown nothing twice',
  async play(stage) {
    stage.set(...RUNG)
    const session = await stage.plainSession({ followsBells: false })
    await stage.write('one')
    await until('the second bell', () => session.bells.length === 2)
    const [first = '', second = ''] = session.bells
    match(first, /^Molecule: 1 new message waits for you, from a person in the chat\. .*, attempt 1\)$/)
    match(second, /^Molecule: 1 message still waits to be read, .*, attempt 2\)$/)
    assertShown(session)
    session.model.hold()
    await session.prompt('What is it?')
    const turn = await session.model.nextTurn()
    turn.answer(READS)
    session.model.release()
    await stage.untilState('confirmed', 'one')
    assertShown(session, 'one')
    return 'the second bell said that the message still waits; it was read at the person’s word'
  },
}

export const doorbell: readonly Scenario[] = [idle, busy, dialog, interrupted, hooksOff, clear, ignored]
