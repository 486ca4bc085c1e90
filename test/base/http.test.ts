import { describe, expect, test } from 'bun:test'
import { systemClock } from '../../base/clock.ts'
import { exchange, platformHeaders, type Transport, transport } from '../../base/http.ts'

const EVERY_REQUEST: Transport = { redirect: 'manual', decompress: false, verbose: false }

describe('transport', () => {
  test.each([
    'http://127.0.0.1:8080/x',
    'http://localhost',
    'http://[::1]:1',
    'http://host.docker.internal:8080',
    'http://192.168.1.20',
  ])('sends %s to no proxy, which would read the token', (url) => {
    expect(transport(url)).toEqual({ ...EVERY_REQUEST, proxy: false })
  })

  test('reaches this machine without a proxy, even over https, and other machines as the environment says', () => {
    const verified = { ...EVERY_REQUEST, tls: { rejectUnauthorized: true } }
    for (const url of ['https://localhost:8443', 'https://127.0.0.9', 'https://[::1]/x']) {
      expect(transport(url)).toEqual({ ...verified, proxy: false })
    }
    expect(transport('https://platform.example')).toEqual(verified)
  })
})

test('a request has no time limit but its own, even while it is silent', async () => {
  const given: unknown[] = []
  const fetchImpl = async (_: unknown, init?: BunFetchRequestInit): Promise<Response> => {
    given.push(init?.timeout)
    return new Response('{}')
  }
  await exchange({
    method: 'GET',
    url: 'http://127.0.0.1:1/',
    headers: {},
    timeoutMs: 600_000,
    maxBytes: 10,
    fetchImpl: Object.assign(fetchImpl, { preconnect: () => {} }),
    clock: systemClock,
  })
  expect(given).toEqual([false])
})

describe('platformHeaders', () => {
  test('name the bare origin of the platform, and ask for no compression', () => {
    expect(platformHeaders('https://platform.example/base', 'a-token', { Accept: '*/*' })).toEqual({
      Authorization: 'Bearer a-token',
      Origin: 'https://platform.example',
      'Accept-Encoding': 'identity',
      Accept: '*/*',
    })
  })
})
