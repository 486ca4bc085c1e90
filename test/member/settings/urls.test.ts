import { describe, expect, test } from 'bun:test'
import type { Environment } from '../../../member/settings/config.ts'
import {
  configOf,
  ID_A,
  ID_B,
  MINIMAL,
  problemsOf,
  TOKEN_A,
  TOKEN_B,
  warningsOf,
} from '../../fixtures/config.ts'

function withUrl(platformUrl: string): Environment {
  return { ...MINIMAL, MOLECULE_PLATFORM_URL: platformUrl }
}

describe('platform URLs', () => {
  test.each([
    ['https://host.example/', 'https://host.example'],
    ['https://host.example/base//', 'https://host.example/base'],
    ['HTTPS://Host.Example:443/', 'https://host.example'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://a.b.localhost:1/', 'http://a.b.localhost:1'],
    ['http://127.0.0.1', 'http://127.0.0.1'],
    ['http://127.255.3.4:9', 'http://127.255.3.4:9'],
    ['http://[::1]:8080/', 'http://[::1]:8080'],
  ])('%s is used as %s', (given, used) => {
    expect(configOf(withUrl(given)).targets[0]?.platformUrl).toBe(used)
    expect(warningsOf(withUrl(given))).toEqual([])
  })

  test.each([
    'http://host.example',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://localhost@evil.example',
    'http://evillocalhost',
    'http://128.0.0.1',
    'http://[::2]',
    'http://0.0.0.0',
  ])('%s would send the token in the clear', (url) => {
    expect(problemsOf(withUrl(url))).toEqual([expect.stringContaining('must use https://')])
  })

  test.each([
    ['http://0.0.0.0:8080', 'http://127.0.0.1:8080'],
    ['http://[::]:8080/', 'http://127.0.0.1:8080'],
    ['http://[::ffff:127.0.0.1]/base/', 'http://127.0.0.1/base'],
    ['http://localhost.:8080', 'http://127.0.0.1:8080'],
    ['http://ip6-localhost:1', 'http://127.0.0.1:1'],
  ])('%s is to be written %s', (given, written) => {
    expect(problemsOf(withUrl(given))).toEqual([
      `MOLECULE_PLATFORM_URL is "${given}" but must use https://, or name this machine by its address: write ${written}.`,
    ])
    expect(configOf(withUrl(written)).targets[0]?.platformUrl).toBe(written)
  })

  test.each([
    'http://host.docker.internal:8080',
    'http://host.containers.internal',
    'http://gateway.docker.internal:1',
    'http://172.17.0.1:8080',
    'http://192.168.65.254',
    'http://[fd00::1]:8080',
    'http://platform:8080',
    'http://laptop.local',
  ])('%s names what a container must forward a port to', (url) => {
    expect(problemsOf(withUrl(url))).toEqual([
      `MOLECULE_PLATFORM_URL is "${url}" but must use https://, since http:// sends the token in the clear: correct it, or, in a container, forward a port of 127.0.0.1 to it ("From a container" in the README).`,
    ])
  })

  test.each(['http://172.32.0.1', 'http://8.8.8.8', 'http://a.internal.example', 'http://[2001:db8::1]'])(
    '%s is no such name',
    (url) => {
      expect(problemsOf(withUrl(url))).toEqual([expect.stringContaining('on this machine only: correct it')])
    },
  )

  test.each([
    'ftp://host.example',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'host.example:8080',
    'ws://localhost',
  ])('%s has the wrong scheme', (url) => {
    expect(problemsOf(withUrl(url))).toEqual([expect.stringContaining('must begin with https://')])
  })

  test.each([
    'host.example',
    '//host.example',
    'https://',
    'https://ho st',
    'https://host.example/\u0007a',
    'https://exa\nmple.com',
  ])('%j is not an absolute URL', (url) => {
    expect(problemsOf(withUrl(url))).toEqual([expect.stringContaining('must be an absolute URL')])
  })

  test('drop user info, query and fragment, with a warning that does not show them', () => {
    const environment = withUrl('https://user:pa55word@host.example/x/?key=s3cret#frag')
    expect(configOf(environment).targets[0]?.platformUrl).toBe('https://host.example/x')
    const warnings = warningsOf(environment)
    expect(warnings).toEqual([expect.stringContaining('MOLECULE_PLATFORM_URL must not have user info')])
    expect(warnings.join()).not.toMatch(/pa55word|s3cret|frag\b/)
    expect(problemsOf(withUrl('http://user:pa55word@host.example?s3cret')).join()).not.toMatch(
      /pa55word|s3cret/,
    )
  })

  test('give one sentence when one bad URL serves all workspaces', () => {
    const two: Environment = {
      MOLECULE_WORKSPACE_IDS: `${ID_A},${ID_B}`,
      MOLECULE_WORKSPACE_TOKENS: `${TOKEN_A},${TOKEN_B}`,
      MOLECULE_PLATFORM_URL: 'ftp://x',
    }
    expect(problemsOf(two)).toEqual([
      'MOLECULE_PLATFORM_URL is "ftp://x" but must begin with https:// (or http:// on this machine): correct the scheme.',
    ])
  })
})
