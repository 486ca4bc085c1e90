import { expect, test } from 'bun:test'
import { explainNetworkError } from '../../../member/client/network-error.ts'

const error = (code: string): Error => Object.assign(new Error(code), { code })
const PROXY = { variable: 'HTTPS_PROXY', address: 'http://proxy:3128', host: 'proxy', port: 3128 }

test('a request that goes directly fails for one reason', () => {
  expect(explainNetworkError(error('ECONNREFUSED'), undefined)).toBe(
    'nothing listens there; is the platform running?',
  )
  expect(explainNetworkError(error('ENOTFOUND'), undefined)).toContain('no host has this name')
  expect(explainNetworkError(error('E_NEW'), undefined)).toBeUndefined()
})

test('a request that goes through a proxy names the proxy that does not answer, and its variable', () => {
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH']) {
    expect(explainNetworkError(error(code), PROXY)).toBe(
      'the proxy http://proxy:3128 of HTTPS_PROXY does not answer; correct or unset HTTPS_PROXY, or list the host in NO_PROXY',
    )
  }
  expect(explainNetworkError(error('CERT_HAS_EXPIRED'), PROXY)).toBe('its certificate has expired')
})
