import { expect, test } from 'bun:test'
import { proxyOf } from '../../base/proxy.ts'

const URL = 'https://platform.example.com/team'
const [A, B] = ['http://user:secret@proxy:3128', 'http://other:1'] as const
const variable = (environment: Record<string, string>, url = URL) => proxyOf(url, environment)?.variable

test('the environment gives a request the proxy that Bun uses, without its user info', () => {
  expect(proxyOf(URL, { HTTPS_PROXY: A })).toEqual({
    variable: 'HTTPS_PROXY',
    address: 'http://proxy:3128',
    host: 'proxy',
    port: 3128,
  })
  expect(variable({ https_proxy: A, HTTPS_PROXY: B })).toBe('https_proxy')
  expect(variable({ ALL_PROXY: A, HTTPS_PROXY: B })).toBe('HTTPS_PROXY')
  expect(variable({ all_proxy: A, ALL_PROXY: B })).toBe('all_proxy')
  expect(variable({ HTTP_PROXY: A })).toBeUndefined()
  expect(variable({ HTTPS_PROXY: 'not a url' })).toBeUndefined()
})

test('a host in NO_PROXY, a domain above it, and this machine are reached directly', () => {
  for (const NO_PROXY of ['platform.example.com', 'a,example.com', '.example.com', '*.example.com', '*']) {
    expect([NO_PROXY, variable({ HTTPS_PROXY: A, NO_PROXY })]).toEqual([NO_PROXY, undefined])
  }
  expect(variable({ HTTPS_PROXY: A, NO_PROXY: 'platform.example.com:443' })).toBeUndefined()
  expect(variable({ HTTPS_PROXY: A, NO_PROXY: 'platform.example.com:44' })).toBe('HTTPS_PROXY')
  expect(variable({ HTTPS_PROXY: A, NO_PROXY: 'ample.com' })).toBe('HTTPS_PROXY')
  expect(variable({ HTTPS_PROXY: A, no_proxy: 'x.com', NO_PROXY: 'example.com' })).toBe('HTTPS_PROXY')
  expect(variable({ HTTPS_PROXY: A }, 'https://127.0.0.1')).toBeUndefined()
})
