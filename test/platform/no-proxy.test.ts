import { expect, test } from 'bun:test'
import { isListed } from '../../platform/contract/no-proxy.ts'

const AGENT = new URL('https://agent.corp.example/a2a')

test.each([
  '*',
  'agent.corp.example',
  'corp.example',
  '.corp.example',
  '*.corp.example',
  'Corp.Example',
  'localhost, 127.0.0.1,corp.example',
  'localhost corp.example',
  'agent.corp.example:443',
])('NO_PROXY=%s lists agent.corp.example', (list) => expect(isListed(list, AGENT)).toBe(true))

test.each([
  '',
  ',',
  'example.org',
  'orp.example',
  'other.corp.example',
  'agent.corp.example:8443',
  '10.0.0.0/8',
  ':443',
])('NO_PROXY=%s does not list agent.corp.example', (list) => expect(isListed(list, AGENT)).toBe(false))
