import { describe, expect, test } from 'bun:test'
import { secretByContent } from '../../../member/files/secret-files.ts'

describe('a key or a login deep in a file', () => {
  const BODY = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7'
  test.each([
    ['a private key after a long comment', `-----BEGIN OPENSSH PRIVATE KEY-----\n${BODY}`],
    ['one in JSON', JSON.stringify({ key: `-----BEGIN PRIVATE KEY-----\n${BODY}` })],
    ['one with other line ends', `-----BEGIN PRIVATE KEY-----\r${BODY}`],
    ['one in Base64', Buffer.from(`-----BEGIN OPENSSH PRIVATE KEY-----\n${BODY}`).toString('base64')],
    ['a JSON Web Key', '{"kty":"RSA","n":"x","d":"y"}'],
    ['a kubeconfig', 'users:\n- name: a\n  user:\n    client-key-data: LS0t'],
    ['a netrc', 'machine example.org login ada password hunter2'],
    ['an address with a password', 'https://ada:hunter2@example.org'],
    ['a token of a well-known form', `token: ghp_${'0123456789'.repeat(4).slice(0, 36)}`],
  ])('%s is recognized', (_, text) => {
    expect(secretByContent(Buffer.from(`${'#'.repeat(900_000)}\n${text}\n`))).toBe(
      'holds a private key or a login',
    )
  })

  test.each([
    ['documentation', 'A key begins with -----BEGIN PRIVATE KEY----- and goes on with Base64.'],
    ['a public key', `-----BEGIN PUBLIC KEY-----\n${BODY}`],
    ['an address', 'https://example.org/ada:hunter2@home'],
    ['an empty setting', 'AWS_SECRET_ACCESS_KEY='],
  ])('%s is not', (_, text) => {
    expect(secretByContent(Buffer.from(`#\n${text}\n`))).toBeUndefined()
  })
})
