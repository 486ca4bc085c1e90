/** What a person says to a question is shown like a message: at least once, and only with the question it answers. */
import type { Message } from '../judge/evidence.ts'
import { hasGoneBack } from './check-deeds.ts'
import type { RaisedRequest } from './platform/request-book.ts'
import type { World } from './world.ts'

/** What is said to the requests of a workspace, as the plugin may show it. */
export function answersOf(
  world: World,
  workspaceId: string,
  requests: readonly RaisedRequest[],
): readonly Message[] {
  return requests.flatMap((request) => {
    const { id, title, words, respondedAt } = request
    // A ledger that went back can lack the record of a question.
    const isDue = world.inquiries.recorded.has(id) && !hasGoneBack(world.figures)
    const message = (activityId: string, name: string, isSaid: boolean): Message => ({
      workspaceId,
      activityId,
      name: `${workspaceId} ${name}`,
      duty: isSaid && isDue ? 'required' : isSaid ? 'allowed' : 'forbidden',
      ordered: false,
    })
    return [
      ...words.map((one) => message(`request-words-${one.id}`, `${title}: ${one.body} (${one.id})`, true)),
      message(`request-${id}`, `the answer to ${title}`, respondedAt !== undefined),
    ]
  })
}

/** The platform's own notice is shown only where the answer itself is not. */
export function judgeNotices({ platform, sightings, inquiries, figures }: World): string[] {
  if (hasGoneBack(figures)) return []
  const read = new Set(sightings.read.map(({ activityId }) => activityId))
  return platform.workspaces.flatMap(({ feed, requests }) =>
    feed.everything.flatMap(({ id, noticeOf, text }) => {
      const request = requests.all.find((one) => text.includes(`(id ${one.id})`))
      const isKnown = request !== undefined && inquiries.recorded.has(request.id)
      return noticeOf !== undefined && isKnown && read.has(id) ? [`the notice ${noticeOf} was shown`] : []
    }),
  )
}
