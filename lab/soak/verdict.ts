/** Compares what the platform has with what sessions were given. Pure. */
import type { Sighting, Written } from './run-record.ts'

/** A message as the platform has it. */
export interface Row {
  readonly workspaceId: string
  readonly activityId: string
  readonly key: string
}

export interface Evidence {
  readonly written: Iterable<Written>
  /** In the platform's order, at least within each workspace. */
  readonly rows: readonly Row[]
  /** In the order of reading. */
  readonly sightings: readonly Sighting[]
  /** Whether the inbox keeps a message that was written to as many hosts as a message is tried on. */
  readonly kept: (row: Row) => boolean
}

export interface Verdict {
  readonly accepted: number
  /** The platform has it, though its answer did not come: shown like any other. */
  readonly storedUnanswered: number
  readonly shown: number
  readonly kept: number
  readonly marked: number
  /** Sentences, one for each case. */
  readonly lost: readonly string[]
  readonly doubledWithin: readonly string[]
  readonly doubledAcross: readonly string[]
  readonly outOfOrder: readonly string[]
  readonly unexpected: readonly string[]
}

export function judge({ written, rows, sightings, kept }: Evidence): Verdict {
  const all = [...written]
  const accepted = new Set(all.filter((message) => message.accepted).map(({ key }) => key))
  const stored = new Set(rows.map(({ key }) => key))
  const shown = new Set(sightings.map(nameOf))
  const unshown = rows.filter((row) => !shown.has(nameOf(row)))
  const keptRows = new Set(unshown.filter(kept))
  return {
    accepted: accepted.size,
    storedUnanswered: stored.size - stored.intersection(accepted).size,
    shown: rows.length - unshown.length,
    kept: keptRows.size,
    ...judgeRepeats(sightings),
    lost: [
      ...[...accepted.difference(stored)].map(
        (key) => `${key} was accepted, and the platform does not have it`,
      ),
      ...unshown.filter((row) => !keptRows.has(row)).map((row) => `${row.key} was never shown`),
    ],
    outOfOrder: disorder(rows, sightings),
    unexpected: unknown(rows, sightings),
  }
}

function nameOf({ workspaceId, activityId }: Pick<Row, 'workspaceId' | 'activityId'>): string {
  return `${workspaceId} ${activityId}`
}

function judgeRepeats(
  sightings: readonly Sighting[],
): Pick<Verdict, 'marked' | 'doubledWithin' | 'doubledAcross'> {
  const seenBy = new Map<string, Set<number>>()
  const doubledWithin: string[] = []
  const doubledAcross: string[] = []
  let marked = 0
  for (const sighting of sightings) {
    const { key, session, redelivered } = sighting
    const sessions = seenBy.get(nameOf(sighting)) ?? new Set()
    if (sessions.has(session)) doubledWithin.push(`${key} came twice to session ${session}`)
    else if (sessions.size > 0 && redelivered) marked++
    else if (sessions.size > 0) doubledAcross.push(`${key} came to session ${session} again without the mark`)
    seenBy.set(nameOf(sighting), sessions.add(session))
  }
  return { marked, doubledWithin, doubledAcross }
}

/** First showings of a workspace follow the order of its rows. */
function disorder(rows: readonly Row[], sightings: readonly Sighting[]): string[] {
  const places = new Map(rows.map((row, place) => [nameOf(row), place]))
  const latest = new Map<string, number>()
  const seen = new Set<string>()
  return sightings.flatMap((sighting) => {
    const name = nameOf(sighting)
    const place = places.get(name)
    if (place === undefined || seen.has(name)) return []
    seen.add(name)
    const before = latest.get(sighting.workspaceId) ?? -1
    latest.set(sighting.workspaceId, Math.max(before, place))
    return place > before ? [] : [`${sighting.key} was first shown after a later one`]
  })
}

function unknown(rows: readonly Row[], sightings: readonly Sighting[]): string[] {
  const keys = new Map(rows.map((row) => [nameOf(row), row.key]))
  const strangers = sightings.filter((sighting) => keys.get(nameOf(sighting)) !== sighting.key)
  const twice = rows.length - new Set(rows.map(({ key }) => key)).size
  return [
    ...strangers.map(
      ({ key, activityId }) => `${key} came as ${activityId}, which the platform does not have`,
    ),
    ...(twice > 0 ? [`the platform stored ${twice} messages twice`] : []),
  ]
}
