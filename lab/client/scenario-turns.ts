/** How messages come into the turns of a session. */
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { sleep } from '../../base/sleep.ts'
import { SETTLED_MS } from '../../plugin/host/hearing/silence.ts'
import { LOOK_AROUND, REPLY, STATUS } from '../driver/client/plugin-tools.ts'
import { lookAroundUntilShown } from '../driver/client/tool-turns.ts'
import { PLUGIN_ROOT } from '../driver/plugin-command.ts'
import { until } from '../driver/until.ts'
import { assertShown, type Scenario } from './scenario.ts'

const firstTurn: Scenario = {
  name: 'first-turn',
  rule: 'a turn opened by a message has the guidance and the reply tool, which is named above the client’s own SendMessage, and the reply reaches the chat',
  async play(stage) {
    const session = await stage.session({ channel: true })
    session.model.hold()
    await stage.write('Is anybody there?')
    const turn = await session.model.nextTurn()
    const { texts, tools } = turn.request
    const guidance = readFileSync(join(PLUGIN_ROOT, 'hooks', 'guidance.txt'), 'utf8').trim()
    ok(
      texts.some((text) => text.includes(guidance)),
      'the guidance is not in the request',
    )
    ok(tools.includes(REPLY), `${REPLY} is not among the tools: ${tools.join(', ')}`)
    ok(!tools.some((tool) => tool.includes('channel_receipt')), 'the model is offered the receipt tool')
    // The client has a tool of its own for messages, which reaches other sessions of this user alone.
    ok(
      [...tools, ...texts].some((text) => text.includes('SendMessage')),
      'the client offers no SendMessage',
    )
    match(guidance, /call reply_to_workspace \(never SendMessage\)/)
    const [message] = session.shown()
    strictEqual(message?.meta.kind, 'canvas_user')
    turn.answer({ call: REPLY, input: { activity_id: message.meta.activity_id, text: 'I am.' } })
    session.model.release()
    await until('the reply in the chat', async () => (await stage.replies()).includes('I am.'))
    await stage.untilState('answered', 'Is anybody there?')
    return 'the guidance and the tool were in the first request, and the chat shows "I am."'
  },
}

const busyTurn: Scenario = {
  name: 'busy-turn',
  rule: 'messages that arrive while a turn calls tools reach the model in order, once',
  async play(stage) {
    const session = await stage.session({ channel: true })
    session.model.hold()
    await stage.write('start')
    let turn = await session.model.nextTurn()
    await stage.write('one', 'two')
    turn = await lookAroundUntilShown(session.model, turn, 'two')
    await stage.write('three', 'four')
    turn = await lookAroundUntilShown(session.model, turn, 'four')
    await stage.write('five')
    await stage.untilState('sent', 'five')
    turn.answer({ say: 'That was it.' })
    session.model.release()
    await session.untilShown('five')
    await stage.untilState('confirmed', 'start', 'one', 'two', 'three', 'four', 'five')
    assertShown(session, 'start', 'one', 'two', 'three', 'four', 'five')
    const during = session.shown().flatMap(({ text, duringTurn }) => (duringTurn ? [text] : []))
    deepStrictEqual(during, ['one', 'two', 'three', 'four'])
    return 'four came into the running turn, the fifth after its last answer'
  },
}

const interrupted: Scenario = {
  name: 'interrupted',
  rule: 'messages that wait while the person interrupts the turn are not lost',
  async play(stage) {
    const session = await stage.session({ channel: true })
    session.model.hold()
    await stage.write('one')
    await session.model.nextTurn()
    await stage.write('two', 'three')
    await stage.untilState('sent', 'two', 'three')
    await session.interrupt()
    await session.untilShown('three')
    await stage.untilState('confirmed', 'one', 'two', 'three')
    assertShown(session, 'one', 'two', 'three')
    return 'the two that waited opened the next turn'
  },
}

const DIALOG = 'Do you want to proceed?'

const openDialog: Scenario = {
  name: 'open-dialog',
  rule: 'messages that arrive while a permission dialog is open are shown after it, once',
  async play(stage) {
    const session = await stage.session({ channel: true, allow: STATUS })
    session.model.hold()
    await session.prompt('Who is there?')
    const asking = await session.model.nextTurn()
    asking.answer(LOOK_AROUND)
    await session.sees(DIALOG)
    await stage.write('one', 'two')
    await stage.untilState('sent', 'one', 'two')
    strictEqual(session.model.requests.length, 1, 'the model got a request while the dialog was open')
    await session.accept(DIALOG, 'the tool to be called', () => session.model.requests.length > 1)
    const { request, answer } = await session.model.nextTurn()
    strictEqual(request.results.length, 1, 'a message opened a turn of its own before the tool was called')
    answer({ say: 'That is all.' })
    session.model.release()
    await session.untilShown('two')
    await stage.untilState('confirmed', 'one', 'two')
    assertShown(session, 'one', 'two')
    return 'nothing came while it was open, both messages right after it'
  },
}

const typedWhileBusy: Scenario = {
  name: 'typed-while-busy',
  rule: 'a session whose user types while a turn runs keeps its workspaces, and shows what waited when the turn ends',
  async play(stage) {
    const session = await stage.session({ channel: true })
    const reported = () => session.debugLog().split('Hook UserPromptSubmit').length
    session.model.hold()
    await session.prompt('Work on it.')
    const turn = await session.model.nextTurn()
    await stage.write('one')
    await stage.untilState('sent', 'one')
    await sleep(SETTLED_MS + 1_000, undefined, systemClock)
    const before = reported()
    await session.enter('This, too.', 'the prompt to reach the hook', () => reported() > before)
    deepStrictEqual(stage.ledger(), [{ text: 'one', state: 'sent' }], 'the message did not wait for the turn')
    turn.answer({ say: 'Done.' })
    session.model.release()
    await stage.untilState('confirmed', 'one')
    await session.untilShown('one')
    ok(!stage.log().includes('releases its workspaces'), 'the session was taken for one that does not listen')
    return 'the hook got the prompt at once, the message came after the turn, and nothing was released'
  },
}

const hooksOff: Scenario = {
  name: 'hooks-off',
  rule: 'messages arrive although all hooks are disabled',
  async play(stage) {
    const session = await stage.session({ channel: true, settings: { disableAllHooks: true } })
    await stage.write('one')
    await session.untilShown('one')
    await stage.write('two')
    await session.untilShown('two')
    assertShown(session, 'one', 'two')
    deepStrictEqual(
      stage.ledger().map(({ state }) => state),
      ['sent', 'sent'],
      'a receipt came although hooks are disabled',
    )
    return 'the model was shown both, and no receipt confirmed them'
  },
}

const clear: Scenario = {
  name: 'clear',
  rule: 'after /clear the same process continues delivering',
  async play(stage) {
    const session = await stage.session({ channel: true })
    await stage.write('before')
    await session.untilShown('before')
    await stage.untilState('confirmed', 'before')
    const { pid } = session.plugin
    await session.enter('/clear', 'the conversation to be cleared', () =>
      /Hook SessionStart:clear /.test(session.debugLog()),
    )
    await stage.write('after')
    await session.untilShown('after')
    assertShown(session, 'after')
    strictEqual(session.plugin.pid, pid, 'the plugin was restarted')
    return 'the next message opened the new conversation, which contains no other'
  },
}

export const turns: readonly Scenario[] = [
  firstTurn,
  busyTurn,
  interrupted,
  openDialog,
  typedWhileBusy,
  hooksOff,
  clear,
]
