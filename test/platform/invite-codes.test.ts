/** Codes that give a session on another machine a token: once, soon, and to nobody who guesses. */
import { describe, expect, test } from 'bun:test'
import { cameInPrivate } from '../../platform/http/origin.ts'
import type { Answer } from './contract/client.ts'
import { type Fixture, platformWithTeam } from './platform.ts'

const WRONG = 'this invite code is wrong, used or too old'

async function newCode({ client, platform, builder }: Fixture): Promise<string> {
  const path = `/admin/workspaces/${builder.id}/invite-codes`
  const { json, status } = await client.call('POST', path, { token: platform.adminToken })
  expect(status).toBe(201)
  return String(Reflect.get(Object(json), 'code'))
}

function redeem({ client }: Fixture, code: string, headers: Record<string, string> = {}): Promise<Answer> {
  return client.call('POST', '/invite-codes/redeem', { body: { code }, headers })
}

/** Another code with the same first group, as somebody who read half of it would guess. */
const guess = (code: string, last: string): string => code.slice(0, -1) + (code.endsWith(last) ? 'Z' : last)

describe('an invite code', () => {
  test('gives one working token of its workspace, however it is typed, and only once', async () => {
    await using fixture = await platformWithTeam()
    const code = await newCode(fixture)
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
    const typed = ` ${code.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l').replaceAll('-', ' ')} `
    const { status, json } = await redeem(fixture, typed)
    const token = String(Reflect.get(Object(json), 'auth_token'))
    expect([status, json]).toEqual([
      201,
      { workspace_id: fixture.builder.id, name: 'builder', auth_token: token },
    ])
    const used = await fixture.client.call('GET', `/workspaces/${fixture.builder.id}/activity`, { token })
    expect(used.status).toBe(200)
    const again = await redeem(fixture, code)
    expect([again.status, again.text]).toEqual([403, expect.stringContaining(WRONG)])
  })

  test('is void after ten minutes, after five wrong tries, and once the workspace has a newer one', async () => {
    await using fixture = await platformWithTeam()
    const late = await newCode(fixture)
    fixture.clock.advance(600)
    expect((await redeem(fixture, late)).text).toContain(WRONG)
    const guessed = await newCode(fixture)
    for (const last of '12345') expect((await redeem(fixture, guess(guessed, last))).status).toBe(403)
    expect((await redeem(fixture, guessed)).text).toContain(WRONG)
    const older = await newCode(fixture)
    const newer = await newCode(fixture)
    expect((await redeem(fixture, older)).status).toBe(403)
    for (const last of '1234') await redeem(fixture, guess(newer, last))
    // Tries at codes that nobody made cost this one nothing.
    for (const code of ['', 'QQQQ-0000-0000', older, '#'.repeat(100)]) await redeem(fixture, code)
    expect((await redeem(fixture, newer)).status).toBe(201)
  })

  test('is made by the operator alone, for a workspace that there is', async () => {
    await using fixture = await platformWithTeam()
    const { client, lead, platform } = fixture
    const path = (id: string) => `/admin/workspaces/${id}/invite-codes`
    expect((await client.call('POST', path(lead.id), { token: lead.token })).status).toBe(401)
    const unknown = crypto.randomUUID()
    expect((await client.call('POST', path(unknown), { token: platform.adminToken })).status).toBe(404)
  })

  test('is taken over TLS or from this machine, and is not used up elsewhere', async () => {
    await using fixture = await platformWithTeam()
    const code = await newCode(fixture)
    for (const headers of [{ 'X-Forwarded-Proto': 'http' }, { 'X-Forwarded-For': '192.0.2.1' }]) {
      const { status, text } = await redeem(fixture, code, headers)
      expect([status, text]).toEqual([403, expect.stringContaining('over TLS, or from this machine')])
    }
    expect(cameInPrivate(new Headers(), '192.0.2.1')).toBe(false)
    expect(cameInPrivate(new Headers(), '::ffff:127.0.0.1')).toBe(true)
    expect((await redeem(fixture, code, { 'X-Forwarded-Proto': 'https' })).status).toBe(201)
  })
})
