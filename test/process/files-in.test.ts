import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Host } from '../../lab/driver/host.ts'
import { Peer } from '../../lab/driver/peer.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'
import type { RunningPlatform } from '../../platform/platform.ts'
import { randomBytes } from '../fixtures/random-bytes.ts'

setDefaultTimeout(300_000)

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

const sameBytes = (path: string | undefined, bytes: Uint8Array): boolean =>
  path !== undefined && readFileSync(path).equals(bytes)

async function receiving(scene: Scene, settings: Readonly<Record<string, string>>) {
  const host = await scene.host(settings)
  await host.receiving()
  return host
}

/** A session that several rules share, each with a message of its own. */
let scene: Scene
let member: Member
let host: Host
beforeAll(async () => {
  scene = await Scene.open()
  member = scene.member()
  host = await receiving(scene, scene.settings(member))
})
afterAll(() => scene[Symbol.asyncDispose]())

describe('the files of a message', () => {
  test.concurrent('are on this machine, byte for byte, before the message is shown', async () => {
    const text = new TextEncoder().encode('two\nlines')
    const files = await scene.person.attach(
      member.id,
      new File([text], 'メモ.txt', { type: 'text/plain' }),
      new File([PNG], 'dot.png', { type: 'image/png' }),
    )
    await scene.person.write(member.id, 'look', files)
    const { meta, content } = await host.event((event) => event.content === 'look')
    expect(content).toBe('look')
    expect(meta).toMatchObject({
      attachment_count: '2',
      attachment_1_name: 'メモ.txt',
      attachment_1_mime: 'text/plain',
      attachment_1_kind: 'file',
      attachment_2_name: 'dot.png',
      attachment_2_mime: 'image/png',
      attachment_2_kind: 'image',
    })
    expect(meta.attachment_1_path).toEndWith('-メモ.txt')
    expect(meta.image_path).toBe(meta.attachment_2_path ?? '')
    expect(sameBytes(meta.attachment_1_path, text)).toBe(true)
    expect(sameBytes(meta.attachment_2_path, PNG)).toBe(true)
    expect(Object.keys(meta).filter((key) => /_error$|_uri$/.test(key))).toEqual([])
  })

  test.concurrent('are readable by their owner alone, and acknowledged', async () => {
    const files = await scene.person.attach(member.id, new File(['x'], 'x.md'))
    await scene.person.write(member.id, 'whose is it?', files)
    const path = (await host.event((event) => event.content === 'whose is it?')).meta.attachment_1_path ?? ''
    expect(path).toStartWith(scene.path('state', 'inbox', member.id))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    for (const folder of [dirname(path), dirname(dirname(path))])
      expect(statSync(folder).mode & 0o777).toBe(0o700)
    const id = files[0]?.uri.split('/').at(-1)
    await until('the acknowledgement', () =>
      scene.requests.some((request) => request.startsWith('POST ') && request.endsWith(`/${id}/ack`)),
    )
  })

  test.concurrent('arrive byte for byte inside the message, in the form of A2A 1.0, and are not fetched', async () => {
    await using scene = await Scene.open()
    const [member, builder] = scene.platform.createTeam()
    if (member === undefined || builder === undefined) throw new Error('no team')
    const host = await receiving(scene, scene.settings(member))
    const parts = [
      { text: 'the values:' },
      { data: { parcel: 4711 } },
      { raw: PNG.toString('base64'), filename: '../点.png' },
    ]
    await new Peer(scene.platform.url, builder).write(
      member.id,
      '',
      { role: 'ROLE_USER', parts },
      { method: 'SendMessage' },
    )
    const { meta } = await host.event((event) => event.content === 'the values:\n{"parcel":4711}')
    expect(meta).toMatchObject({ method: 'SendMessage', attachment_1_kind: 'image' })
    expect(meta.attachment_1_path).toStartWith(scene.path('state', 'inbox', member.id))
    expect(meta.attachment_1_path).toEndWith('-点.png')
    expect(sameBytes(meta.attachment_1_path, PNG)).toBe(true)
    expect(statSync(meta.attachment_1_path ?? '').mode & 0o777).toBe(0o600)
    expect(scene.requests.filter((request) => request.includes('pending-uploads'))).toEqual([])
  })

  test.concurrent('arrive byte for byte at 20 MB', async () => {
    const bytes = randomBytes(20 * 1024 * 1024)
    const files = await scene.person.attach(member.id, new File([bytes], 'large.bin'))
    await scene.person.write(member.id, 'large', files)
    const { meta } = await host.event((event) => event.content === 'large')
    expect(sameBytes(meta.attachment_1_path, bytes)).toBe(true)
  })

  test.concurrent('delay the later messages of their workspace and of no other', async () => {
    await using scene = await Scene.open()
    const [slow, other] = [scene.member(), scene.member()]
    const host = await receiving(scene, scene.settings([slow, other]))
    await until(
      'both workspaces',
      async () => ((await host.call('status')).text.match(/receiving: yes/g) ?? []).length > 0,
    )
    const files = await scene.person.attach(slow.id, new File(['x'], 'x.txt'))
    scene.platform.setFaults({ answers: [{ kind: 'slow', path: '/content', ms: 1_500 }] })
    await scene.person.write(slow.id, 'first, with a file', files)
    await scene.person.write(slow.id, 'second')
    await scene.person.write(other.id, 'elsewhere')
    await host.event((event) => event.content === 'second')
    expect(host.events.map(({ content }) => content)).toEqual(['elsewhere', 'first, with a file', 'second'])
  })

  test.concurrent('are not fetched again after a crash', async () => {
    await using scene = await Scene.open()
    const member = scene.member()
    const settings = scene.settings(member)
    const fetches = () => scene.requests.filter((request) => request.endsWith('/content')).length
    const first = await receiving(scene, settings)
    await scene.person.write(
      member.id,
      'look',
      await scene.person.attach(member.id, new File(['x'], 'x.txt')),
    )
    const { meta } = await first.event((event) => event.content === 'look')
    await first.kill()
    scene.platform.setFaults({ upload_404_after_ack: true })
    const second = await receiving(scene, settings)
    const again = await second.event((event) => event.content === 'look')
    expect(again.meta.redelivered).toBe('true')
    expect(again.meta.attachment_1_path).toBe(meta.attachment_1_path ?? '')
    expect(again.meta).not.toHaveProperty('attachment_1_error')
    expect(fetches()).toBe(1)
  })

  test.concurrent('are named with the reason when they cannot be fetched, and the message is shown', async () => {
    await using scene = await Scene.open()
    const [member, stranger] = [scene.member(), scene.member()]
    const host = await receiving(scene, scene.settings(member, { MOLECULE_ATTACHMENT_MAX_MB: '1' }))
    const [kept, large] = await scene.person.attach(
      member.id,
      new File(['12345'], 'kept.txt'),
      new File([randomBytes(1024 * 1024 + 1)], 'large.bin'),
    )
    const [strange] = await scene.person.attach(stranger.id, new File(['x'], 'strange.txt'))
    const gone = `platform-pending:${member.id}/${crypto.randomUUID()}`
    const claims = [
      { uri: gone, name: 'gone.txt' },
      { ...kept, size: 6 },
      large,
      strange,
      { uri: 'https://example.com/a b?<channel>', name: 'elsewhere.png', mimeType: 'image/png' },
      { uri: `http://127.0.0.1:1/platform-pending:${member.id}/x`, name: 'local' },
      { uri: 'file:///etc/passwd', name: 'passwd' },
      { uri: `platform-pending:${member.id}/../../x`, name: 'way' },
    ]
    await scene.person.write(member.id, 'all of them', claims)
    const { meta } = await host.event((event) => event.content === 'all of them')
    expect(meta.attachment_count).toBe('8')
    expect(meta.attachment_1_error).toContain('the platform no longer has it')
    expect(meta.attachment_2_error).toBe('not fetched: it has 5 bytes instead of 6')
    expect(meta.attachment_3_error).toBe('not fetched: it is larger than 1 MB')
    expect(meta.attachment_4_error).toContain('only the workspace it is kept for')
    expect(meta.attachment_5_uri).toBe('https://example.com/a%20b?%3Cchannel%3E')
    expect(meta.attachment_6_uri).toStartWith('http://127.0.0.1:1/')
    for (const index of [7, 8])
      expect(meta[`attachment_${index}_error`]).toContain('its address cannot be reached from here')
    expect(Object.keys(meta).filter((key) => key.endsWith('_path'))).toEqual([])
    expect(
      scene.requests.filter((request) => request.includes(stranger.id) && request.startsWith('GET')),
    ).toEqual([])
    // No partial file is left behind.
    expect(readdirSync(scene.path('state', 'inbox'), { recursive: true })).toEqual([member.id])
  })

  test.concurrent('are images by their content, not by what the sender claims', async () => {
    const files = await scene.person.attach(
      member.id,
      new File(['no image'], 'no.png', { type: 'image/png' }),
      new File([PNG], 'truly.txt', { type: 'text/plain' }),
    )
    await scene.person.write(member.id, 'lies', files)
    const { meta } = await host.event((event) => event.content === 'lies')
    expect(meta.attachment_1_path).toEndWith('-no.bin')
    expect(meta.attachment_1_kind).toBe('file')
    expect(meta.attachment_1_error).toContain('not of the declared type (image/png)')
    expect(meta.attachment_2_path).toEndWith('-truly.png')
    expect(meta.attachment_2_mime).toBe('image/png')
    expect(meta.image_path).toBe(meta.attachment_2_path ?? '')
  })

  describe('while the platform fails', () => {
    let failing: Scene
    let workspace: Member
    let session: Host
    beforeAll(async () => {
      failing = await Scene.open()
      workspace = failing.member()
      session = await receiving(failing, failing.settings(workspace))
    })
    afterAll(() => failing[Symbol.asyncDispose]())

    const showWith = async (
      text: string,
      answers: Parameters<RunningPlatform['setFaults']>[0]['answers'],
    ) => {
      const file = new File(['content'], 'a.txt', { type: 'text/plain' })
      const files = await failing.person.attach(workspace.id, file)
      failing.platform.setFaults({ answers })
      await failing.person.write(workspace.id, text, files)
      return (await session.event((event) => event.content === text)).meta
    }

    test('are fetched again when that is for a moment', async () => {
      const meta = await showWith('for a moment', [
        { kind: 'datastore_503', path: '/content' },
        { kind: 'cut', path: '/content' },
      ])
      expect(sameBytes(meta.attachment_1_path, Buffer.from('content'))).toBe(true)
      expect(meta).not.toHaveProperty('attachment_1_error')
    })

    test.each([
      ['a web page', { kind: 'html' }],
      ['half an answer', { kind: 'cut' }],
      ['another file', { kind: 'half_json' }],
      ['a redirect', { kind: 'redirect' }],
      ['an error', { kind: 'error_500' }],
      ['an empty 404', { kind: 'empty_404' }],
      ['a refusal', { kind: 'unauthorized' }],
    ] as const)('cost the file and not the message when it answers with %s', async (what, answer) => {
      const meta = await showWith(what, [{ ...answer, path: '/content', times: 0 }])
      expect(meta.attachment_1_error).toStartWith('not fetched: ')
      expect(meta).not.toHaveProperty('attachment_1_path')
    })
  })
})
