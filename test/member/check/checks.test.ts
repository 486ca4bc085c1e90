import { describe, expect, test } from 'bun:test'
import { systemClock } from '../../../base/clock.ts'
import { fail, ok, runChecks } from '../../../member/check/check.ts'
import { judgeLog, lastTrouble } from '../../../member/check/log-check.ts'
import { platformChecks } from '../../../member/check/platform-check.ts'
import { portCheck } from '../../../member/check/port-check.ts'

describe('checks', () => {
  test('what hangs on a failed check is skipped, however far, and everything else is checked', async () => {
    const asked: string[] = []
    const check = (name: string, needs: readonly string[], outcome = ok('well')) => ({
      name,
      needs,
      probe: () => {
        asked.push(name)
        return outcome
      },
    })
    const findings = await runChecks([
      check('a', []),
      check('b', ['a'], fail('broken', 'Mend it')),
      check('c', ['a', 'b']),
      check('d', ['c']),
      check('e', ['a']),
    ])
    expect(findings.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['a', 'ok'],
      ['b', 'fail'],
      ['c', 'skip'],
      ['d', 'skip'],
      ['e', 'ok'],
    ])
    expect(findings.filter(({ verdict }) => verdict === 'skip')).toMatchObject([
      { because: 'b' },
      { because: 'b' },
    ])
    expect(asked.toSorted()).toEqual(['a', 'b', 'e'])
  })

  test('a check that throws fails alone', async () => {
    const [finding] = await runChecks([
      {
        name: 'a',
        needs: [],
        probe: () => {
          throw new Error('oh')
        },
      },
    ])
    expect(finding).toMatchObject({ verdict: 'fail', says: 'the check itself failed: oh' })
  })
})

describe('the port of a platform on this machine', () => {
  const HEAD =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
  const row = (local: string, state = '0A'): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 99999999 1`
  const ask = async (url: string, tcp: readonly string[], tcp6: readonly string[] = []) => {
    const table = { tcp: [HEAD, ...tcp].join('\n'), tcp6: [HEAD, ...tcp6].join('\n') }
    const check = portCheck(url, '', (name) => table[name])
    return check === undefined ? undefined : (await runChecks([{ ...check, needs: [] }]))[0]
  }
  const [HERE, EVERYWHERE, HERE6] = [
    '0100007F:1F90',
    '00000000:1F90',
    '00000000000000000000000001000000:1F90',
  ]

  test('one listener is in order; connections and other ports do not count', async () => {
    expect(
      await ask('http://127.0.0.1:8080', [row(HERE), row(HERE, '01'), row('0100007F:1F91')]),
    ).toMatchObject({ verdict: 'ok' })
    expect(await ask('https://team.example.com', [row(HERE), row(HERE)])).toBeUndefined()
  })

  test('it says so where the system has no table of them', async () => {
    const check = portCheck('http://127.0.0.1:8080', '', () => undefined)
    expect(await check?.probe()).toMatchObject({
      verdict: 'ok',
      says: expect.stringContaining('does not say'),
    })
  })

  test('two at one address fail, since either may get a request', async () => {
    expect(await ask('http://127.0.0.1:8080', [row(HERE), row(HERE)])).toMatchObject({
      verdict: 'fail',
      says: '2 servers listen on port 8080: either may get a request',
    })
    expect(await ask('http://localhost:8080', [row(HERE)], [row(HERE6)])).toMatchObject({ verdict: 'fail' })
  })

  test('two at different addresses are worth a warning', async () => {
    expect(await ask('http://127.0.0.1:8080', [row(HERE), row(EVERYWHERE)])).toMatchObject({
      verdict: 'warn',
    })
  })
})

describe('a platform that cannot be reached', () => {
  const ask = async (code: string, environment: Readonly<Record<string, string>> = {}) => {
    const broken = async (): Promise<Response> => {
      throw Object.assign(new Error(code), { code })
    }
    const network = Object.assign(broken, { preconnect: () => {} })
    const place = { network, clock: systemClock, environment, timeoutMs: 1_000 }
    return (await runChecks(platformChecks(place, 'https://team.example.com', '', 'THE_SETTING')))[0]
  }

  test('has one remedy, which names the proxy where there is one, and the setting of the address', async () => {
    for (const [code, environment, says, remedy] of [
      ['ENOTFOUND', {}, 'no host has this name', 'Check the spelling of the host in THE_SETTING'],
      ['ECONNREFUSED', {}, 'nothing listens there', 'Check the network, and the address in THE_SETTING'],
      [
        'ECONNREFUSED',
        { HTTPS_PROXY: 'http://proxy:3128' },
        'the proxy http://proxy:3128 of HTTPS_PROXY does not answer',
        'Correct or unset HTTPS_PROXY, or list the host in NO_PROXY',
      ],
      [
        'DEPTH_ZERO_SELF_SIGNED_CERT',
        {},
        'its certificate is not signed by an authority this machine trusts',
        'If it is your own, name its file in NODE_EXTRA_CA_CERTS',
      ],
    ] as const) {
      expect(await ask(code, environment)).toMatchObject({
        verdict: 'fail',
        says: `https://team.example.com cannot be reached: ${says}`,
        remedy,
      })
    }
  })
})

describe('the log', () => {
  const NOW = Date.parse('2026-01-01T12:00:00Z')
  const TAIL = [
    '…half a line',
    '2026-01-01T11:50:00.000Z 7 warn molecule channel: workspace x: is paused',
    '2026-01-01T11:59:00.000Z 7 info molecule channel: all is well',
    '',
  ].join('\n')

  test('its last warning is told while it is recent', () => {
    expect(judgeLog(lastTrouble(TAIL), 'f', NOW)).toMatchObject({
      verdict: 'warn',
      says: 'last warning at 2026-01-01T11:50:00.000Z: workspace x: is paused',
    })
    expect(judgeLog(lastTrouble(TAIL), 'f', NOW + 60 * 60_000)).toMatchObject({ verdict: 'ok' })
    expect(judgeLog(lastTrouble(''), 'f', NOW)).toMatchObject({ verdict: 'ok', says: 'no warning in f' })
  })
})
