import { describe, expect, test } from 'bun:test'
import { platformHeaders, transport } from '../../base/http.ts'

describe('transport', () => {
  test('reaches this machine without a proxy, which would see the token, and others as the system says', () => {
    for (const url of ['http://127.0.0.1:8080/x', 'http://localhost', 'http://[::1]:1']) {
      expect(transport(url)).toEqual({ redirect: 'manual', decompress: false, proxy: '' })
    }
    expect(transport('https://platform.example')).toEqual({ redirect: 'manual', decompress: false })
  })
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
