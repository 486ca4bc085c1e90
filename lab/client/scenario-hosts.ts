/** Hosts that show no messages, or none for a while: nothing is lost to them. */
import { deepStrictEqual, ok } from 'node:assert/strict'
import { systemClock } from '../../base/clock.ts'
import { sleep } from '../../base/sleep.ts'
import { SETTLED_MS } from '../../plugin/host/hearing/silence.ts'
import { CLAIM } from '../driver/client/plugin-tools.ts'
import { CHANNEL } from '../driver/plugin-command.ts'
import { until } from '../driver/until.ts'
import { assertShown, assertUnsent, type Scenario } from './scenario.ts'

const agentSdk: Scenario = {
  name: 'agent-sdk',
  rule: 'a program of the Agent SDK receives nothing with the development flag, and receives once it switches the channel on',
  async play(stage) {
    const program = await stage.program('--dangerously-load-development-channels', CHANNEL)
    program.prompt('Hello.')
    await until('a turn', () => program.model.newest)
    await stage.write('one')
    await until('the plugin to have decided', () => stage.log().includes('does not receive messages'))
    assertUnsent(stage, 'the plugin took a message that nobody would see')
    await program.enableChannel()
    await program.untilShown('one')
    await stage.write('two')
    await program.untilShown('two')
    await stage.untilState('confirmed', 'one', 'two')
    const [probe, ...messages] = program.shown().map(({ text, meta }) => [meta.kind, meta.redelivered, text])
    deepStrictEqual(probe?.[0], 'probe')
    deepStrictEqual(messages, [
      ['canvas_user', undefined, 'one'],
      ['canvas_user', undefined, 'two'],
    ])
    return 'the message waited on the platform until the program enabled the channel, then both came'
  },
}

const telemetryOff: Scenario = {
  name: 'telemetry-off',
  rule: 'a session whose channels DISABLE_TELEMETRY closes consumes nothing and says why; another shows what waits',
  async play(stage) {
    const closed = await stage.session({
      channel: true,
      opensNone: true,
      env: {
        ...stage.env,
        DISABLE_TELEMETRY: '1',
        CLAUDE_CODE_GB_DISK_CACHE_WHEN_TELEMETRY_OFF: '',
      },
    })
    await closed.untilStatus(
      /^receiving: no, Claude Code opens no channel while (?:DISABLE_TELEMETRY|CLAUDE_CODE_\w+) is set/m,
    )
    await stage.write('one')
    assertUnsent(stage, 'the session without channels was sent a message')
    const open = await stage.session({ channel: true })
    await open.untilShown('one')
    assertShown(open, 'one')
    assertShown(closed)
    return 'the message came to the second session, and status of the first names the variable'
  },
}

const refused: Scenario = {
  name: 'refused',
  rule: 'a session that asked for the channel and was refused it is found out by what its user types; another shows what it was sent',
  async play(stage) {
    // The client compares the marketplace with that of the installed plugin; the plugin cannot.
    const deaf = await stage.session({ channel: true, asksFor: 'plugin:molecule@another-marketplace' })
    await deaf.untilStatus(/^receiving: yes/m)
    await stage.write('one')
    await stage.untilState('sent', 'one')
    await sleep(SETTLED_MS + 1_000, undefined, systemClock)
    await deaf.prompt('Are there any messages?')
    await deaf.untilStatus(/^receiving: no, the host has not shown 1 message sent over 30 s ago/m)
    await deaf.sees('Messages of the Molecule platform wait')
    const told = deaf.model.newest?.texts.some((text) => text.includes('1 for workspace'))
    ok(told, 'the model was not told that the message waits')
    const hearing = await stage.session({ channel: true })
    await hearing.untilShown('one')
    await stage.untilState('confirmed', 'one')
    assertShown(hearing, '*one')
    assertShown(deaf)
    return 'the first released its workspace and was told why; the message came to the second, marked'
  },
}

const suspended: Scenario = {
  name: 'suspended',
  rule: 'while Ctrl-Z stops a session, another says so and can take over; the first repeats nothing once it continues',
  async play(stage) {
    const first = await stage.session({ channel: true })
    await stage.write('one')
    await first.untilShown('one')
    await stage.untilState('confirmed', 'one')
    const second = await stage.session({ channel: true })
    await second.untilStatus(/^receiving: no; .* receives/m)
    const what = await first.suspend()
    await stage.write('two')
    await second.untilStatus(/^receiving: no; .* is stopped \(Ctrl-Z\), so messages wait/m)
    second.model.hold()
    await second.prompt('Receive here.')
    const turn = await second.model.nextTurn()
    turn.answer({ call: CLAIM, input: {} })
    second.model.release()
    await second.untilShown('two')
    await first.resume()
    await stage.write('three')
    await second.untilShown('three')
    await stage.untilState('confirmed', 'one', 'two', 'three')
    assertShown(second, 'two', 'three')
    assertShown(first, 'one')
    return `Ctrl-Z stopped ${what}; two messages came to the second session, none again to the first`
  },
}

export const hosts: readonly Scenario[] = [agentSdk, telemetryOff, refused, suspended]
