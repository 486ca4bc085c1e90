/** What takes the plugin its own long waits to get over: all of it side by side, and nearly all of it idle. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Gate, type GateAnswer, never } from '../../lab/driver/gate.ts'
import type { Host } from '../../lab/driver/host.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(60_000)

const QUICK = { MOLECULE_POLL_INTERVAL_MS: '250', MOLECULE_HEARTBEAT_INTERVAL_MS: '1000' }
const OUTAGE_MS = 20_000
const MOST_TRIES = 8
/** Two seconds, which the simulated clock holds to exactly, and what a busy machine may add. */
const BACK_WITHIN_MS = 2_000 + 500

interface Behind {
  readonly scene: Scene
  readonly gate: Gate
  readonly member: Member
  readonly host: Host
}

/** A session that receives, from a platform behind a gate. */
async function behindGate(scene: Scene, gate: Gate): Promise<Behind> {
  const member = scene.member()
  const host = await scene.host(scene.settings(member, { ...QUICK, MOLECULE_PLATFORM_URL: gate.url }))
  await host.receiving()
  return { scene, gate, member, host }
}

const arrives = (host: Host, text: string): Promise<unknown> =>
  host.event(({ content }) => content === text, 30_000)

const isFeed = (request: Request): boolean =>
  request.method === 'GET' && new URL(request.url).pathname.endsWith('/activity')
const isStream = (request: Request): boolean => new URL(request.url).pathname.endsWith('/events/stream')
/** Puts an answer before the feed alone; everything else passes. */
const feedOnly = (answer: (request: Request) => ReturnType<GateAnswer>): GateAnswer => {
  return (request) => (isFeed(request) ? answer(request) : undefined)
}

async function getOver(
  { scene, gate, member, host }: Behind,
  begin: () => unknown,
  end: () => unknown,
): Promise<void> {
  await scene.person.write(member.id, 'before')
  await arrives(host, 'before')
  await begin()
  await scene.person.write(member.id, 'meanwhile')
  await Bun.sleep(OUTAGE_MS)
  await end()
  const ended = performance.now()
  await arrives(host, 'meanwhile')
  expect(performance.now() - ended).toBeLessThan(BACK_WITHIN_MS)
  expect(gate.mostAtOnce.get(`GET /workspaces/${member.id}/activity`)).toBe(1)
  expect(host.events.map(({ content }) => content)).toEqual(['before', 'meanwhile'])
}

test.concurrent('a platform that fails for 20 s is asked for news eight times at most, and read again within 2 s', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const behind = await behindGate(scene, gate)
  const tries: number[] = []
  await getOver(
    behind,
    async () => {
      gate.answer = (request) => {
        if (isFeed(request)) tries.push(performance.now())
        return Response.json({ error: 'unwell' }, { status: 503 })
      }
      // Streams that are open would go on.
      await gate.reopen()
    },
    () => {
      gate.answer = () => undefined
    },
  )
  const [first = 0] = tries
  expect(tries.filter((at) => at - first < OUTAGE_MS).length).toBeLessThanOrEqual(MOST_TRIES)
})

test.concurrent('a platform that is down for 20 s is read again within 2 s', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  await getOver(
    await behindGate(scene, gate),
    () => gate.shut(),
    () => gate.reopen(),
  )
})

test.concurrent('a request that gets no answer is given up after its time, and delivery goes on', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const { member, host } = await behindGate(scene, gate)
  let asked = 0
  gate.answer = feedOnly(() => (asked++ === 0 ? never() : undefined))
  await scene.person.write(member.id, 'late')
  await arrives(host, 'late')
  expect(scene.log()).toContain('no answer within')
  expect(gate.mostAtOnce.get(`GET /workspaces/${member.id}/activity`)).toBe(1)
})

test.concurrent('a page that comes byte by byte is given up after its time, and asked for in smaller parts', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const { member, host } = await behindGate(scene, gate)
  await scene.person.write(member.id, 'before')
  await arrives(host, 'before')
  const limits: number[] = []
  gate.answer = feedOnly((request) => {
    const limit = Number(new URL(request.url).searchParams.get('limit'))
    limits.push(limit)
    if (limit <= 25) return undefined
    return new Response(dripping('['), { headers: { 'Content-Type': 'application/json' } })
  })
  await scene.person.write(member.id, 'drop by drop')
  await arrives(host, 'drop by drop')
  expect(limits.slice(0, 2)).toEqual([100, 25])
})

/** Gives a text, and then a space now and then, without an end. */
function dripping(text: string): ReadableStream<string> {
  let timer: ReturnType<typeof setInterval> | undefined
  return new ReadableStream({
    start(controller) {
      controller.enqueue(text)
      timer = setInterval(() => controller.enqueue(' '), 200)
    },
    cancel: () => clearInterval(timer),
  })
}

test.concurrent('an event stream that dies without a word is opened anew, and what came meanwhile comes', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  let opened = 0
  gate.answer = (request) => {
    if (!isStream(request) || opened++ > 0) return undefined
    const silent = new ReadableStream<string>({ start: (controller) => controller.enqueue(': ping\n\n') })
    return new Response(silent, { headers: { 'Content-Type': 'text/event-stream' } })
  }
  const { member, host } = await behindGate(scene, gate)
  await until('the stream to be open', async () =>
    (await host.call('status')).text.includes('event stream open'),
  )
  await scene.person.write(member.id, 'into the silence')
  await arrives(host, 'into the silence')
  await until('the stream to be opened anew', () => opened >= 2)
  await scene.person.write(member.id, 'after')
  await arrives(host, 'after')
})

test.concurrent('an event stream that floods is closed, and neither delivers nor asks more than it should', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const flood = 'data: {"type":"ACTIVITY_LOGGED"}\n\n'.repeat(1_000)
  let [opened, looks] = [0, 0]
  gate.answer = (request) => {
    if (isFeed(request)) looks++
    if (!isStream(request)) return undefined
    opened++
    const endless = new ReadableStream<string>({ pull: (controller) => controller.enqueue(flood) })
    return new Response(endless, { headers: { 'Content-Type': 'text/event-stream' } })
  }
  const { member, host } = await behindGate(scene, gate)
  for (let count = 0; opened < 5; count++) {
    await scene.person.write(member.id, `message ${count}`)
    await arrives(host, `message ${count}`)
    await until('the stream to be opened anew', () => opened > count)
  }
  // Each opening and each message is worth a look and a second one; the hints of a flood are worth one together.
  expect(looks).toBeLessThan(100)
  expect(gate.mostAtOnce.get(`GET /workspaces/${member.id}/activity`)).toBe(1)
  expect(host.events.map(({ content }) => content)).toEqual(host.events.map((_, index) => `message ${index}`))
})

/**
 * A host that dies while another of its children keeps the plugin's input open: a shell that starts that child and
 * the plugin, and then passes on what it is given.
 */
const HOST = `
  mkfifo "$0/input"
  sleep 60 > "$0/input" 2> "$0/log" < "$0/log" & echo $! > "$0/child"
  "$@" < "$0/input" &
  exec cat > "$0/input"
`

test.concurrent('a host that is gone ends the process, though somebody else keeps its input open', async () => {
  await using scene = await Scene.open()
  const folder = scene.newFolder('host')
  writeFileSync(`${folder}/log`, '')
  const plugin = scene.process(scene.settings(scene.member()), { wrapper: ['sh', '-c', HOST, folder] })
  await plugin.connect()
  await plugin.receiving()
  const record = scene.path('state', 'bot.pid')
  const pid = Number(readFileSync(record, 'utf8').split('\n')[0])
  const keeper = Number(readFileSync(`${folder}/child`, 'utf8'))
  try {
    plugin.signal('SIGKILL')
    await until('the process to end', () => !existsSync(`/proc/${pid}`), 30_000)
    expect(existsSync(`/proc/${keeper}`)).toBe(true)
    expect(existsSync(record)).toBe(false)
  } finally {
    process.kill(keeper, 'SIGKILL')
  }
})
