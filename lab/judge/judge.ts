/**
 * The only judge of the promise: every message is shown at least once, in the platform's order within its workspace; a
 * repeat carries `redelivered="true"`; nothing is lost. Pure.
 */
import { type DeliveryRecord, type Evidence, idOf, type Message, type Showing } from './evidence.ts'
import { judgeRepeats } from './repeats.ts'
import type { Fault, Verdict } from './verdict.ts'

/** A message whose bytes left is written to this many hosts that may show it; after that it waits in the inbox. */
const MAX_ATTEMPTS = 3

export function judge(evidence: Evidence): Verdict {
  const { messages, written, read = written } = evidence
  const shown = new Set(read.map(idOf))
  const missing = messages.filter((message) => message.duty === 'required' && !shown.has(idOf(message)))
  const kept = new Set(missing.filter((message) => isUsedUp(evidence.recordOf?.(message))))
  const byId = new Map(messages.map((message) => [idOf(message), message]))
  return {
    faults: [
      ...judgeLoss(
        evidence,
        missing.filter((message) => !kept.has(message)),
      ),
      ...judgeRepeats(evidence),
      ...judgeOrder(messages, written),
      ...judgeOrigin(messages, byId, written),
    ],
    shown: [...shown].filter((id) => byId.has(id)).length,
    kept: kept.size,
    marked: read.filter(({ redelivered }) => redelivered).length,
  }
}

function isUsedUp(record: DeliveryRecord | undefined): boolean {
  return record?.state === 'sent' && record.attempts - (record.unseen ?? 0) >= MAX_ATTEMPTS
}

function judgeLoss({ messages, accepted, waiting }: Evidence, missing: readonly Message[]): Fault[] {
  const stored = new Set(messages.map(({ name }) => name))
  return [
    ...[...(accepted ?? [])]
      .filter((name) => !stored.has(name))
      .map((name) => `the platform accepted ${name} and does not have it`),
    ...missing.map(({ name, activityId }) => `${name} (${activityId}) was never shown`),
    ...[...(waiting ?? [])]
      .filter(([, count]) => count > 0)
      .map(([workspaceId, count]) => `${count} messages of ${workspaceId} still wait at the end`),
  ].map((text) => ({ kind: 'lost', text }))
}

/** First deliveries follow the platform's order within each workspace. */
function judgeOrder(messages: readonly Message[], written: readonly Showing[]): Fault[] {
  const ordered = messages.filter((message) => message.ordered)
  const places = new Map(ordered.map((message, place) => [idOf(message), { place, name: message.name }]))
  const latest = new Map<string, { readonly place: number; readonly name: string }>()
  const seen = new Set<string>()
  const faults: Fault[] = []
  for (const showing of written) {
    const id = idOf(showing)
    const here = places.get(id)
    if (here === undefined || seen.has(id)) continue
    seen.add(id)
    const before = latest.get(showing.workspaceId)
    if (before === undefined || here.place > before.place) latest.set(showing.workspaceId, here)
    else faults.push({ kind: 'out of order', text: `${here.name} was first shown after ${before.name}` })
  }
  return faults
}

/** Only messages that the platform has are shown, each under its own id. */
function judgeOrigin(
  messages: readonly Message[],
  byId: ReadonlyMap<string, Message>,
  written: readonly Showing[],
): Fault[] {
  const seen = new Set<string>()
  const strangers = written.flatMap((showing) => {
    const message = byId.get(idOf(showing))
    const problem = problemOf(message, showing)
    const place = `${idOf(showing)} ${problem}`
    if (problem === undefined || seen.has(place)) return []
    seen.add(place)
    return [`${showing.name ?? message?.name ?? 'an event'} was shown as ${showing.activityId}, ${problem}`]
  })
  const twice = messages.length - new Set(messages.map(({ name }) => name)).size
  if (twice > 0) strangers.push(`the platform stored ${twice} messages twice`)
  return strangers.map((text) => ({ kind: 'unexpected', text }))
}

function problemOf(message: Message | undefined, { name }: Showing): string | undefined {
  if (message === undefined) return 'which the platform does not have'
  if (message.duty === 'forbidden') return 'which must not be shown'
  return name === undefined || name === message.name ? undefined : `which is ${message.name}`
}
