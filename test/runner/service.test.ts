import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../lab/simulation/sim-clock.ts'
import { ServiceNotice } from '../../runner/service-notice.ts'
import { launchdPlist, serviceProblem, systemdUnit } from '../../runner/service-unit.ts'

function notice(environment: Readonly<Record<string, string>>, fails = false) {
  const clock = new SimClock()
  const sent: string[] = []
  const warnings: string[] = []
  const service = new ServiceNotice({
    environment,
    pid: 7,
    clock,
    warn: (sentence) => warnings.push(sentence),
    run: async (argv) => {
      sent.push(argv.join(' '))
      if (fails) throw new Error('there is no such program')
    },
  })
  return { clock, sent, warnings, service }
}

describe('a service', () => {
  test('tells systemd that it is ready, twice within each watchdog interval that it works, and that it stops', async () => {
    const { clock, sent, service } = notice({ NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '60000000' })
    await service.ready()
    await clock.advance(61_000)
    await service.stopping()
    await clock.advance(61_000)
    expect(sent).toEqual([
      'systemd-notify READY=1',
      'systemd-notify WATCHDOG=1',
      'systemd-notify WATCHDOG=1',
      'systemd-notify STOPPING=1',
    ])
  })

  test('that begins again has one watchdog', async () => {
    const { clock, service } = notice({ NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '60000000' })
    await service.ready()
    await service.ready()
    expect(clock.armed).toBe(1)
  })

  test('tells nobody anything where no service manager asks for it', async () => {
    const { clock, sent, service } = notice({ WATCHDOG_USEC: '60000000' })
    await service.ready()
    await service.stopping()
    expect([sent, clock.armed]).toEqual([[], 0])
  })

  test('leaves a watchdog that watches another process alone', async () => {
    const { clock, sent, service } = notice({
      NOTIFY_SOCKET: '/run/n',
      WATCHDOG_USEC: '60000000',
      WATCHDOG_PID: '8',
    })
    await service.ready()
    expect([sent, clock.armed]).toEqual([['systemd-notify READY=1'], 0])
  })

  test('works on where systemd cannot be told, and says so once', async () => {
    const { sent, warnings, service } = notice({ NOTIFY_SOCKET: '/run/n' }, true)
    await service.ready()
    await service.stopping()
    expect([sent.length, warnings]).toEqual([2, ['systemd is not told READY=1: there is no such program']])
  })
})

const COMMAND = {
  argv: ['/opt/bun', 'connect.js', '--backend-opt', 'cmd=echo "$HOME" 100% <a&b>'],
  folder: '/srv/my agent',
  path: '/usr/bin:/opt/$x',
  name: 'seven',
}

test('a systemd unit keeps each word as it is, and restarts what failed or was refused, but not what was told wrongly', () => {
  const unit = systemdUnit(COMMAND)
  expect(unit).toContain(
    'ExecStart="/opt/bun" "connect.js" "--backend-opt" "cmd=echo \\"$$HOME\\" 100%% <a&b>"\n',
  )
  for (const line of [
    'Type=notify',
    'NotifyAccess=all',
    'WatchdogSec=60',
    'Restart=on-failure',
    // Not 3: what refuses a token may be a platform that cannot look tokens up.
    'RestartPreventExitStatus=2',
    'WorkingDirectory=/srv/my agent',
    'Environment="PATH=/usr/bin:/opt/$x"',
  ]) {
    expect(unit.split('\n')).toContain(line)
  }
})

test('there is no service whose folder or words its definition cannot hold', () => {
  expect(serviceProblem(COMMAND)).toBeUndefined()
  for (const folder of ['/a\nExecStartPre=b', '/a\\', '/a ', '/a\u0007']) {
    expect(serviceProblem({ ...COMMAND, folder })).toStartWith('The folder ')
  }
  expect(serviceProblem({ ...COMMAND, argv: ['/opt/bun', 'a\rb'] })).toStartWith('No service can have ')
})

test('a launchd plist keeps each word as it is', () => {
  const plist = launchdPlist(COMMAND)
  expect(plist).toContain('<string>cmd=echo "$HOME" 100% &lt;a&amp;b&gt;</string>')
  expect(plist).toContain('<key>WorkingDirectory</key>\n  <string>/srv/my agent</string>')
})
