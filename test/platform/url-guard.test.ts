/** Which URLs the platform may call. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { blockedRange, checkUrl, deployMode, refusedAddress } from '../../platform/contract/url-guard.ts'

const STRICT = { deployMode: 'self-hosted', loopbackAllowed: false } as const
const SAAS = { deployMode: 'saas', loopbackAllowed: false } as const
const DEVELOPER = { deployMode: 'self-hosted', loopbackAllowed: true } as const

describe('literal addresses', () => {
  test.each([
    '169.254.0.1',
    '169.254.255.255',
    '192.0.2.1',
    '198.51.100.255',
    '203.0.113.0',
    '100.64.0.1',
    '100.127.255.255',
    '224.0.0.1',
    '239.255.255.255',
    'fe80::1',
    'febf::1',
    'fc00::1',
    '2001:db8::1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
  ])('%s is blocked everywhere', (address) => {
    for (const settings of [STRICT, SAAS, DEVELOPER]) expect(blockedRange(address, settings)).toBeDefined()
  })

  test.each(['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fd00::1', '::ffff:10.0.0.1'])(
    '%s is blocked except where the platform is a service',
    (address) => {
      expect(blockedRange(address, STRICT)).toBeDefined()
      expect(blockedRange(address, SAAS)).toBeUndefined()
    },
  )

  test.each(['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::'])(
    "%s is blocked except on a developer's machine",
    (address) => {
      expect(blockedRange(address, STRICT)).toBeDefined()
      expect(blockedRange(address, SAAS)).toBeDefined()
      expect(blockedRange(address, DEVELOPER)).toBeUndefined()
    },
  )

  test.each([
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '100.128.0.1',
    '192.0.3.1',
    '2606:4700::1',
    '2001:db9::1',
  ])('%s is open', (address) => {
    expect(blockedRange(address, STRICT)).toBeUndefined()
  })

  test('every spelling of an address that URLs allow counts as that address', () => {
    for (const host of ['0x7f.1', '2130706433', '0177.0.0.1', '127.1', '[::ffff:7f00:1]', '127.0.0.1.']) {
      expect(checkUrl(`http://${host}/`, STRICT)).toMatchObject({ ok: false })
    }
  })

  test('an IPv4-mapped IPv6 address is judged like the IPv4 address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(blockedRange(`::ffff:${address}`, STRICT)).toBe(blockedRange(address, STRICT))
      }),
    )
  })
})

describe('URLs', () => {
  test.each([
    '',
    'x',
    'ftp://a/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'http://user:pw@example.com/',
    'http://',
  ])('%p is refused', (url) => {
    expect(checkUrl(url, STRICT)).toMatchObject({ ok: false })
  })

  test('localhost is accepted by name, and names that only look like it are resolved', () => {
    expect(checkUrl('http://localhost:9/', STRICT)).toMatchObject({ ok: true, host: 'localhost' })
    expect(checkUrl('http://localhost.example/', STRICT)).toMatchObject({ ok: true, host: 'name' })
  })

  test('no text makes the check throw', () => {
    fc.assert(fc.property(fc.string(), (text) => void checkUrl(text, STRICT)))
    fc.assert(fc.property(fc.webUrl(), (text) => void checkUrl(text, STRICT)))
    fc.assert(fc.property(fc.ipV6(), (address) => void checkUrl(`http://[${address}]/`, STRICT)))
  })
})

describe('resolved addresses', () => {
  test('every address must pass, and there must be one', () => {
    expect(refusedAddress(['8.8.8.8'], STRICT)).toBeUndefined()
    expect(refusedAddress(['8.8.8.8', '169.254.169.254'], STRICT)).toContain('link-local')
    expect(refusedAddress([], STRICT)).toBeDefined()
    expect(refusedAddress(['not an address'], STRICT)).toBeDefined()
  })
})

describe('deploy mode', () => {
  test('the setting wins over the organization; an unknown value fails closed with a warning', () => {
    expect(deployMode('saas', undefined)).toEqual({ mode: 'saas' })
    expect(deployMode('self-hosted', 'org')).toEqual({ mode: 'self-hosted' })
    expect(deployMode(undefined, 'org')).toEqual({ mode: 'saas' })
    expect(deployMode('', undefined)).toEqual({ mode: 'self-hosted' })
    expect(deployMode('prod', 'org')).toMatchObject({
      mode: 'self-hosted',
      warning: expect.stringContaining('"prod"'),
    })
  })

  test.each(['selfhosted', ' Self-Hosted ', 'self_hosted', 'STANDALONE'])('%p is self-hosted', (mode) => {
    expect(deployMode(mode, 'org')).toEqual({ mode: 'self-hosted' })
  })

  test('SaaS is known in any case, and blanks are neither a mode nor an organization', () => {
    expect(deployMode(' SaaS\n', undefined)).toEqual({ mode: 'saas' })
    expect(deployMode('  ', 'org')).toEqual({ mode: 'saas' })
    expect(deployMode('\t', ' \r\n')).toEqual({ mode: 'self-hosted' })
  })
})
