import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { linkSync, symlinkSync } from 'node:fs'
import type { Host } from '../../lab/driver/host.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'
import { randomBytes } from '../fixtures/random-bytes.ts'

setDefaultTimeout(300_000)

/** A session that several rules share, each with a file of its own. */
let scene: Scene
let member: Member
let host: Host
beforeAll(async () => {
  scene = await Scene.open()
  member = scene.member()
  host = await scene.host(scene.settings(member))
})
afterAll(() => scene[Symbol.asyncDispose]())

/** The file of this name in the chat. */
async function sentAs(name: string) {
  const file = (await scene.person.filesFrom(member.id)).find((one) => one.name === name)
  if (file === undefined) throw new Error(`no ${name} in the chat`)
  return file
}

describe('a file that is sent', () => {
  test.concurrent('to the person appears in the chat under its name, byte for byte', async () => {
    const path = scene.path('Übersicht "neu".csv')
    await Bun.write(path, 'a,b\n1,2\n')
    const { text, isError } = await host.call('send_message_to_user', {
      message: 'here',
      attachments: [path],
    })
    expect([isError, text]).toEqual([
      false,
      `Posted to the chat of workspace ${member.id}.\nFiles attached: Übersicht "neu".csv (8 bytes).`,
    ])
    const file = await sentAs('Übersicht "neu".csv')
    expect(file).toMatchObject({ name: 'Übersicht "neu".csv', mimeType: 'text/csv', size: 8 })
    expect(new TextDecoder().decode(await scene.person.download(file))).toBe('a,b\n1,2\n')
  })

  test.concurrent('arrives byte for byte at 20 MB', async () => {
    const bytes = randomBytes(20 * 1024 * 1024)
    await Bun.write(scene.path('large.bin'), bytes)
    const outcome = await host.call('send_message_to_user', {
      message: 'large',
      attachments: [scene.path('large.bin')],
    })
    expect(outcome.isError).toBe(false)
    const file = await sentAs('large.bin')
    expect(Buffer.from(await scene.person.download(file)).equals(bytes)).toBe(true)
  })

  test.concurrent('does not come back as a message', async () => {
    await host.receiving()
    await Bun.write(scene.path('a.txt'), 'a')
    await host.call('send_message_to_user', { message: 'here', attachments: [scene.path('a.txt')] })
    await scene.person.write(member.id, 'thanks')
    await host.event((event) => event.content === 'thanks')
    expect(host.events.map(({ content }) => content)).toEqual(['thanks'])
  })

  test.concurrent('with an answer goes to the person or agent who wrote', async () => {
    await using scene = await Scene.open()
    const [lead, builder] = scene.platform.createTeam()
    if (lead === undefined || builder === undefined) throw new Error('no team')
    const [ours, theirs] = [
      await scene.host(scene.settings(lead)),
      await scene.host(scene.settings(builder, {}, 'theirs')),
    ]
    await Promise.all([ours.receiving(), theirs.receiving()])
    await Bun.write(scene.path('plan.md'), '# Plan')
    const attachments = [scene.path('plan.md')]

    await scene.person.write(lead.id, 'the plan?')
    const asked = await ours.event((event) => event.content === 'the plan?')
    await ours.call('reply_to_workspace', { activity_id: asked.meta.activity_id, text: 'this', attachments })
    expect((await scene.person.filesFrom(lead.id)).map(({ name }) => name)).toEqual(['plan.md'])

    await theirs.call('delegate_task', { workspace_id: lead.id, task: 'plan' })
    const task = await ours.event((event) => event.content === 'plan')
    const reply = { activity_id: task.meta.activity_id, text: 'this', attachments }
    const { text } = await ours.call('reply_to_workspace', reply)
    expect(text).toMatch(/^Delivered to peer .*\nFiles attached: plan\.md \(6 bytes\)\. .*send that as text/s)
    // The platform gives a file to no other workspace: the peer learns that, and asks nobody for the file.
    const { meta } = await theirs.event((event) => event.content === 'this')
    expect(meta).toMatchObject({ attachment_count: '1', attachment_1_name: 'plan.md' })
    expect(meta.attachment_1_error).toContain('only the workspace it is kept for')
    expect(scene.requests.filter((request) => request.endsWith('/content'))).toEqual([])
  })
})

describe('a file that may not leave', () => {
  test.concurrent('is refused in any spelling of its path, and no part of the message is sent', async () => {
    await using scene = await Scene.open()
    const member = scene.member()
    const host = await scene.host(scene.settings(member))
    await host.receiving()
    const put = async (path: string, text = 'x') => {
      await Bun.write(scene.path(path), text)
      return scene.path(path)
    }
    const fine = await put('fine.txt')
    symlinkSync(await put('project/.env.local'), scene.path('notes.txt'))
    symlinkSync(scene.newFolder('home/.ssh'), scene.path('keys'))
    linkSync(await put('project/id_rsa'), scene.path('twin.txt'))
    symlinkSync(scene.path('state'), scene.path('elsewhere'))
    const refused: readonly (readonly [string, string])[] = [
      [scene.path('notes.txt'), 'has the name of a file with secrets'],
      [await put('home/.ssh/config'), 'is in a folder for keys or logins'],
      [`${scene.folder}/keys/../.ssh/config`, 'is in a folder for keys or logins'],
      [`${scene.folder}/keys/config`, 'is in a folder for keys or logins'],
      [await put('home/.AWS/Credentials'), 'is in a folder for keys or logins'],
      [await put('SERVER.PEM'), 'has the name of a file with secrets'],
      [await put('key.txt', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA'), 'is a private key'],
      [scene.path('twin.txt'), 'has another hard link'],
      [`/proc/${host.pid}/environ`, 'belongs to the system'],
      ['/proc/self/environ', 'belongs to the system'],
      ['/dev/zero', 'belongs to the system'],
      [scene.path('state', 'ledger.db'), 'is in the state folder of the Molecule channel'],
      [`${scene.folder}/elsewhere/channel.log`, 'is in the state folder of the Molecule channel'],
      [scene.folder, 'is not a regular file'],
      [scene.path('nothing'), 'does not exist'],
      ['fine.txt', 'is not an absolute path'],
      [await put('empty.txt', ''), 'is empty'],
    ]
    for (const [path, why] of refused) {
      const outcome = await host.call('send_message_to_user', { message: 'here', attachments: [fine, path] })
      expect(outcome.isError).toBe(true)
      expect(outcome.text).toStartWith(`Nothing was sent.\n- ${path} ${why}`)
    }
    const eleven = Array.from({ length: 11 }, () => fine)
    const outcome = await host.call('send_message_to_user', { message: 'here', attachments: eleven })
    expect([outcome.isError, outcome.text]).toEqual([true, expect.stringContaining('at most 10 files')])
    expect(await scene.person.read(member.id)).toEqual([])
    expect(scene.requests.filter((request) => request.endsWith('/chat/uploads'))).toEqual([])
  })

  test.concurrent('is refused outside the allowed folders, or when it is too large', async () => {
    await using scene = await Scene.open()
    const member = scene.member()
    const allowed = scene.newFolder('allowed')
    await Bun.write(scene.path('outside.txt'), 'x')
    await Bun.write(scene.path('allowed', 'inside.txt'), 'x')
    await Bun.write(scene.path('allowed-not', 'x.txt'), 'x')
    await Bun.write(scene.path('allowed', 'large.bin'), new Uint8Array(1024 * 1024 + 1))
    symlinkSync(scene.path('outside.txt'), scene.path('allowed', 'way-out.txt'))
    const host = await scene.host(
      scene.settings(member, { MOLECULE_ATTACHMENT_ROOTS: allowed, MOLECULE_ATTACHMENT_MAX_MB: '1' }),
    )
    const send = async (...path: readonly string[]) =>
      (await host.call('send_message_to_user', { message: 'x', attachments: [scene.path(...path)] })).text
    expect(await send('outside.txt')).toContain('is outside the folders')
    expect(await send('allowed-not', 'x.txt')).toContain('is outside the folders')
    expect(await send('allowed', 'way-out.txt')).toContain('is outside the folders')
    expect(await send('allowed', 'large.bin')).toContain(
      'more than the 1 MB that MOLECULE_ATTACHMENT_MAX_MB allows',
    )
    expect(await send('allowed', 'inside.txt')).toStartWith('Posted')
  })

  test.concurrent('fails with a reason when the platform refuses it', async () => {
    await using scene = await Scene.open()
    const member = scene.member()
    const host = await scene.host(scene.settings(member))
    await host.receiving()
    await Bun.write(scene.path('a.txt'), 'a')
    const send = () =>
      host.call('send_message_to_user', { message: 'here', attachments: [scene.path('a.txt')] })
    for (const kind of ['error_500', 'html', 'cut', 'redirect', 'null_rows'] as const) {
      scene.platform.setFaults({ answers: [{ kind, path: '/chat/uploads' }] })
      expect([kind, (await send()).isError]).toEqual([kind, true])
    }
    expect(await scene.person.read(member.id)).toEqual([])
    await until('the platform to accept it again', async () => !(await send()).isError)
  })
})
