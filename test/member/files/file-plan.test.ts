import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Attachment } from '../../../member/client/message-body.ts'
import { MAX_FILES, planFiles } from '../../../member/files/file-plan.ts'
import { OWN_ID, PEER_ID } from '../../fixtures/lying-platform.ts'

const file = (uri: string, more: Partial<Attachment> = {}): Attachment => ({
  uri,
  name: 'a.txt',
  mimeType: 'text/plain',
  size: null,
  ...more,
})
const own = (id: string = crypto.randomUUID()): string => `platform-pending:${OWN_ID}/${id}`

describe('what to do about a file', () => {
  test('depends on its address alone: only files kept for this workspace are fetched', () => {
    const plan = (uri: string) => planFiles([file(uri)], OWN_ID)[0]
    const id = crypto.randomUUID()
    expect(plan(own(id))).toEqual({ fetch: id })
    expect(plan(`platform-pending:${PEER_ID}/${id}`)).toHaveProperty('error')
    expect(plan('https://example.com/a.png')).toEqual({ uri: 'https://example.com/a.png' })
    expect(plan(`https://example.com/${'x'.repeat(4_000)}`)).toHaveProperty('error')
    for (const uri of [
      '',
      'a.png',
      'file:///etc/passwd',
      'data:text/plain,x',
      'workspace:/workspace/a',
      'javascript:x',
    ]) {
      expect(plan(uri)).toHaveProperty('error')
    }
  })

  test('names an address that cannot be reached from here', () => {
    expect(planFiles([file('s3://bucket/key')], OWN_ID)).toEqual([
      { error: 'not fetched: its address cannot be reached from here: s3://bucket/key' },
    ])
    expect(planFiles([file('')], OWN_ID)).toEqual([
      { error: 'not kept: the message came without its content' },
    ])
  })

  test('shows an address that carries its own permission, however long that is', () => {
    const uri = `https://bucket.example/a?X-Amz-Security-Token=${'x'.repeat(1_800)}`
    expect(planFiles([file(uri)], OWN_ID)).toEqual([{ uri }])
  })

  test('beyond the first ten is not to fetch it', () => {
    const plans = planFiles(
      Array.from({ length: 15 }, () => file(own())),
      OWN_ID,
    )
    expect(plans.map((plan) => 'fetch' in plan)).toEqual(
      Array.from({ length: 15 }, (_, index) => index < MAX_FILES),
    )
  })

  test('never involves a fetch by anything but a file id, or an address with a space', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.webUrl(),
          fc.string().map((text) => own(text)),
        ),
        (uri) => {
          const [plan] = planFiles([file(uri)], OWN_ID)
          if (plan === undefined) throw new Error('no plan')
          if ('fetch' in plan) expect(plan.fetch).toMatch(/^[0-9a-f-]{36}$/)
          if ('uri' in plan) expect(plan.uri).toMatch(/^https?:[^\s<>"]+$/)
        },
      ),
    )
  })
})
