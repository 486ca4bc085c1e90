import { describe, expect, test } from 'bun:test'
import { openLedger } from '../../../../lab/driver/ledger.ts'
import { SimClock, settled } from '../../../../lab/simulation/sim-clock.ts'
import type { ShownFile } from '../../../../member/files/incoming-files.ts'
import type { Entry } from '../../../../member/ledger/ledger.ts'
import { DeliveryLine } from '../../../../plugin/host/event/delivery.ts'
import { channelOutlet } from '../../../../plugin/host/event/outlet.ts'
import { entry, MESSAGE } from '../../../fixtures/entries.ts'
import { OWN_ID, PEER_ID } from '../../../fixtures/lying-platform.ts'

const SHOWN: readonly ShownFile[] = [
  { name: 'a.txt', mimeType: 'text/plain', kind: 'file', path: '/inbox/a.txt' },
]

/** A message, with a file if its text begins with "file". */
function message(text: string): Entry {
  const attachments = text.startsWith('file') ? [{ uri: text, name: 'a', mimeType: '', size: null }] : []
  return entry({ content: JSON.stringify({ ...MESSAGE, text, attachments }) })
}

/** A delivery line whose files arrive when the test says so. */
function startLine() {
  const ledger = openLedger()
  const clock = new SimClock()
  const stop = new AbortController()
  const written: { content: string; path: string | undefined }[] = []
  const asked: string[] = []
  const arrivals = new Map<string, () => void>()
  const line = new DeliveryLine({
    ledger,
    outlet: channelOutlet({
      write: async (text) => {
        const { content, meta } = JSON.parse(text).params
        written.push({ content, path: meta.attachment_1_path })
      },
      isHostStopped: () => false,
      clock,
    }),
    held: () => [OWN_ID, PEER_ID],
    onSent: () => {},
    files: {
      prepare: (_workspaceId, [attachment]) => {
        if (attachment === undefined) return []
        asked.push(attachment.uri)
        if (attachment.uri === 'file that is a bug') throw new Error('a bug')
        if (attachment.uri === 'file that fails') return Promise.reject(new Error('a fault'))
        return new Promise((resolve) => arrivals.set(attachment.uri, () => resolve(SHOWN)))
      },
    },
    signal: stop.signal,
    log: () => {},
    clock,
  })
  const running = line.run()
  return {
    ledger,
    written: () => written.map(({ content }) => content),
    paths: () => written.flatMap(({ path }) => path ?? []),
    asked,
    store: async (workspaceId: string, ...texts: readonly string[]) => {
      ledger.of(workspaceId).storePage(texts.map(message), undefined, clock.now())
      line.notify()
      await settled()
    },
    arrive: async (text: string) => {
      arrivals.get(text)?.()
      await settled()
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
      ledger.close()
    },
  }
}

describe('a message that waits for its files', () => {
  test('holds up the later ones of its workspace, and no others', async () => {
    await using line = startLine()
    await line.store(OWN_ID, 'a', 'file b', 'c')
    await line.store(PEER_ID, 'x', 'file y', 'z')
    expect(line.written()).toEqual(['a', 'x'])
    await line.arrive('file y')
    expect(line.written().slice(2)).toEqual(['file y', 'z'])
    await line.store(PEER_ID, 'later')
    await line.arrive('file b')
    expect(line.written().slice(4)).toEqual(['later', 'file b', 'c'])
    expect(line.paths()).toEqual(['/inbox/a.txt', '/inbox/a.txt'])
  })

  test('no longer has the content of a file inside it in the ledger, once that is on disk', async () => {
    await using line = startLine()
    const inside = (uri: string) => ({ uri, base64: 'YQ==', name: 'a', mimeType: '', size: null })
    const [kept, failed] = [inside('file a'), inside('file that fails')].map((attachment) =>
      entry({ content: JSON.stringify({ ...MESSAGE, attachments: [attachment] }) }),
    )
    if (kept === undefined || failed === undefined) throw new Error('no entries')
    line.ledger.of(OWN_ID).storePage([kept, failed], undefined, 0)
    await line.store(OWN_ID)
    const content = ({ activityId }: Entry) => line.ledger.find(activityId, [OWN_ID])?.content
    expect(content(kept)).toContain('YQ==')
    await line.arrive('file a')
    expect(line.ledger.inbox.counts(OWN_ID)).toEqual({ sent: 2 })
    expect(JSON.parse(content(kept) ?? '').attachments).toEqual([{ ...inside('file a'), base64: null }])
    expect(content(failed)).toContain('YQ==')
  })

  test('goes out without them when they cannot be fetched, and blocks nothing', async () => {
    await using line = startLine()
    await line.store(OWN_ID, 'file that fails', 'b')
    expect(line.written()).toEqual(['file that fails', 'b'])
    expect(line.paths()).toEqual([])
  })

  test('is skipped when even asking for them fails, and blocks nothing', async () => {
    await using line = startLine()
    await line.store(OWN_ID, 'file that is a bug', 'b')
    expect(line.written()).toEqual(['b'])
    expect(line.ledger.inbox.counts(OWN_ID)).toEqual({ skipped: 1, sent: 1 })
  })

  test('is not `sending` before they are there, so that a crash leaves it unseen', async () => {
    await using line = startLine()
    await line.store(OWN_ID, 'file a', 'b')
    expect(line.asked).toEqual(['file a'])
    expect(line.ledger.inbox.counts(OWN_ID)).toEqual({ received: 2 })
    await line.arrive('file a')
    expect(line.ledger.inbox.counts(OWN_ID)).toEqual({ sent: 2 })
  })

  test('asks for them once, however many others go out meanwhile', async () => {
    await using line = startLine()
    await line.store(OWN_ID, 'file a')
    for (let index = 0; index < 5; index++) await line.store(PEER_ID, `x${index}`)
    expect(line.written()).toHaveLength(5)
    await line.arrive('file a')
    expect(line.written().at(-1)).toBe('file a')
    expect(line.asked).toEqual(['file a'])
  })

  test('lets other workspaces through even with more than a batch behind it', async () => {
    await using line = startLine()
    await line.store(OWN_ID, 'file a', ...Array.from({ length: 100 }, (_, index) => `b${index}`))
    await line.store(PEER_ID, 'x')
    expect(line.written()).toEqual(['x'])
  })
})
