import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, rmSync } from 'node:fs'
import { promptOf } from '../../lab/driver/channel-event.ts'
import type { Host } from '../../lab/driver/host.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

interface Pair {
  readonly member: Member
  readonly holder: Host
  readonly standby: Host
}

/** Two sessions on one state folder: one receives, the other knows that and stands by. */
async function startPair(scene: Scene): Promise<Pair> {
  const member = scene.member()
  const holder = await scene.host(scene.settings(member))
  await holder.receiving()
  const standby = await scene.host(scene.settings(member))
  await until(
    'the second to stand by',
    async () =>
      (await standby.call('status')).text.includes(`pid ${holder.pid}`) &&
      (await standby.call('status')).text.includes('takes over when it ends'),
  )
  return { member, holder, standby }
}

async function arrives(host: Host, text: string): Promise<string> {
  const { meta } = await host.event(({ content }) => content === text)
  return meta.activity_id ?? ''
}

const texts = (host: Host): readonly string[] => host.events.map(({ content }) => content)

test.concurrent('of two sessions, one receives and both can answer, and others that end do not disturb it', async () => {
  await using scene = await Scene.open()
  const { member, holder, standby } = await startPair(scene)
  await scene.person.write(member.id, 'question')
  const activityId = await arrives(holder, 'question')
  const answer = await standby.call('reply_to_workspace', {
    activity_id: activityId,
    text: 'from the second',
  })
  expect(answer.isError).toBe(false)
  expect(await scene.person.read(member.id)).toContain('from the second')
  await scene.person.write(member.id, 'another')
  await arrives(holder, 'another')
  expect(texts(holder)).toEqual(['question', 'another'])
  expect(texts(standby)).toEqual([])
  expect([holder.closed, standby.closed]).toEqual([false, false])

  await standby.kill()
  const third = await scene.host(scene.settings(member))
  await third.close()
  await scene.person.write(member.id, 'still here')
  await arrives(holder, 'still here')
  expect((await holder.call('status')).text).toContain('receiving: yes')
})

for (const [how, end] of [
  ['closes', (host: Host) => host.close()],
  ['is killed', (host: Host) => host.kill()],
] as const) {
  test.concurrent(`when the first ${how} the second takes over, and nothing is repeated unmarked`, async () => {
    await using scene = await Scene.open()
    const { member, holder, standby } = await startPair(scene)
    await scene.person.write(member.id, 'answered')
    const answered = await arrives(holder, 'answered')
    await holder.call('reply_to_workspace', { activity_id: answered, text: 'done' })
    await scene.person.write(member.id, 'not answered')
    await arrives(holder, 'not answered')

    await end(holder)
    await scene.person.write(member.id, 'while nobody held it')
    await standby.receiving()
    await arrives(standby, 'while nobody held it')
    await scene.person.write(member.id, 'to the second')
    await arrives(standby, 'to the second')

    const unmarked = standby.events.filter(({ meta }) => meta.redelivered === undefined)
    expect(unmarked.map(({ content }) => content)).toEqual(['while nobody held it', 'to the second'])
    const marked = standby.events.filter(({ meta }) => meta.redelivered === 'true')
    for (const { content } of marked) expect(content).toBe('not answered')
  })
}

test.concurrent('after the state folder is deleted, one session still holds and no message is lost', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const settings = scene.settings(member)
  const holder = await scene.host(settings)
  await holder.receiving()
  rmSync(settings.MOLECULE_STATE_DIR ?? '', { recursive: true })
  await until('a new folder', () => existsSync(`${settings.MOLECULE_STATE_DIR}/ledger.db`))
  const standby = await scene.host(settings)
  await until('the second to stand by', async () =>
    (await standby.call('status')).text.includes('takes over when it ends'),
  )
  await scene.person.write(member.id, 'after')
  await arrives(holder, 'after')
  expect(texts(standby)).toEqual([])
})

test.concurrent('after the locks alone are deleted, one session holds again', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const settings = scene.settings(member)
  const first = await scene.host(settings)
  await first.receiving()
  const locks = `${settings.MOLECULE_STATE_DIR}/locks`
  rmSync(locks, { recursive: true })
  await until('a new folder', () => existsSync(`${locks}/${member.id}.lock`))
  const second = await scene.host(settings)
  await until('one to hold and one to stand by', async () => {
    const reports = await Promise.all([first, second].map(async (host) => (await host.call('status')).text))
    return (
      reports.filter((text) => /^receiving: yes/m.test(text)).length === 1 &&
      reports.filter((text) => text.includes('takes over when it ends')).length === 1
    )
  })
  await scene.person.write(member.id, 'after')
  await until('the message', () => [...texts(first), ...texts(second)].length > 0)
  expect([...texts(first), ...texts(second)]).toEqual(['after'])
})

test.concurrent('a reconnect takes over from the process it replaces, and repeats nothing confirmed', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const old = await scene.host(scene.settings(member))
  await old.receiving()
  await scene.person.write(member.id, 'before')
  const event = await old.event(({ content }) => content === 'before')
  await old.call('channel_receipt', { prompt: promptOf(event) })
  // The new process starts before the old one is gone.
  const [next] = await Promise.all([scene.host(scene.settings(member)), old.close()])
  await scene.person.write(member.id, 'after')
  await arrives(next, 'after')
  expect(texts(next)).toEqual(['after'])
})
