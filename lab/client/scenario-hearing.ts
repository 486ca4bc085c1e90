/** Which session on a machine is shown the messages. */
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { shownIn } from '../driver/client/model-request.ts'
import { elapsedMs } from '../stopwatch.ts'
import { assertShown, assertUnsent, type Scenario } from './scenario.ts'

const withoutChannel: Scenario = {
  name: 'without-channel',
  rule: 'a session without the channel consumes nothing; one with it is shown what arrived before and in the meantime',
  async play(stage) {
    await stage.write('before')
    const deaf = await stage.session({ channel: false })
    await deaf.untilStatus(/^receiving: no, this session was started without the channel/m)
    await stage.write('during')
    assertUnsent(stage, 'the session without the channel was sent a message')
    const hearing = await stage.session({ channel: true })
    await hearing.untilShown('during')
    await stage.untilState('confirmed', 'before', 'during')
    assertShown(hearing, 'before', 'during')
    assertShown(deaf)
    return 'both messages came to the second session, none to the first'
  },
}

const twoSessions: Scenario = {
  name: 'two-sessions',
  rule: 'of two sessions with the channel one is shown every message, and the other takes over when it ends',
  async play(stage) {
    const first = await stage.session({ channel: true })
    await stage.write('one')
    await first.untilShown('one')
    const second = await stage.session({ channel: true })
    await second.untilStatus(/^receiving: no; .* receives, and this session takes over when it ends/m)
    await stage.write('two')
    await first.untilShown('two')
    await stage.untilState('confirmed', 'one', 'two')
    assertShown(first, 'one', 'two')
    assertShown(second)
    const from = elapsedMs()
    await first.leave()
    await stage.write('three')
    await second.untilShown('three')
    const tookMs = Math.round(elapsedMs() - from)
    assertShown(second, 'three')
    return `two messages came to the first; one to the second, ${tookMs} ms after /exit`
  },
}

const mcpList: Scenario = {
  name: 'mcp-list',
  rule: '`claude mcp list` beside a live channel leaves it undisturbed',
  async play(stage) {
    const session = await stage.session({ channel: true })
    await stage.write('one')
    await session.untilShown('one')
    const { pid } = session.plugin
    const { code, output } = await stage.user.run(['mcp', 'list'], stage.env)
    strictEqual(code, 0, output)
    match(output, /plugin:molecule:molecule: .*Connected/)
    await stage.write('two')
    await session.untilShown('two')
    assertShown(session, 'one', 'two')
    strictEqual(session.plugin.pid, pid, 'the plugin was restarted')
    return 'it printed Connected; the next message came to the live session, from the same process'
  },
}

const printMode: Scenario = {
  name: 'print-mode',
  rule: '`claude -p` beside a live channel does not take the channel over',
  async play(stage) {
    const session = await stage.session({ channel: true })
    await stage.write('one')
    await session.untilShown('one')
    const { requests } = await stage.printed('Say a word.', async () => {
      await stage.write('two')
      await session.untilShown('two')
    })
    await stage.write('three')
    await session.untilShown('three')
    assertShown(session, 'one', 'two', 'three')
    deepStrictEqual(requests.flatMap(shownIn), [], 'claude -p was shown a message')
    return 'three messages came to the live session, none to the other'
  },
}

export const hearing: readonly Scenario[] = [withoutChannel, twoSessions, mcpList, printMode]
