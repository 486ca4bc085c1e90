/** How far a message got, in words. Pure. */
import { whenText } from './times.js'

/** Nothing comes after these. */
const LAST = ['answered', 'failed']
const WORDS = {
  stored: 'Stored, not fetched yet',
  fetched: 'Fetched by its agent',
  written: 'Written to its session',
  seen: 'Seen by the model',
  answered: 'Answered',
}

/**
 * What to say below messages: how far each is that is still under way, and the person's last one in any case.
 *
 * @param memberOf finds an agent by id
 * @returns {Map<string, string>} by the key of the entry
 */
export function receiptsFor(entries, memberOf, now) {
  const lastOwn = entries.findLast(({ message }) => message.side === 'own')
  const texts = new Map()
  for (const entry of entries) {
    const { key, part, row, task } = entry
    if (row.receipt === undefined || key.endsWith('a') || part === 'answers') continue
    const isOver =
      LAST.includes(row.receipt.state) || (part === 'asks' && !['open', 'asks'].includes(task.state))
    if (isOver && entry !== lastOwn) continue
    const member = memberOf(row.workspace_id)
    const isAway = !['online', 'degraded'].includes(member?.status)
    texts.set(key, receiptText(row.receipt, { isWorking: member?.active_tasks > 0, isAway, now }))
  }
  return texts
}

/**
 * @param receipt `{state, at?}` as the platform tells it
 * @param isWorking whether its agent is at work since it saw the message
 * @returns empty where there is nothing to say
 */
function receiptText(receipt, { isWorking, isAway, now }) {
  const words = WORDS[receipt?.state]
  if (words === undefined) return ''
  if (receipt.state === 'stored') return isAway ? 'Stored; its agent is away' : words
  const when = receipt.at === undefined ? '' : ` ${whenText(receipt.at, now)}`
  return words + when + (receipt.state === 'seen' && isWorking ? ', being worked on' : '')
}

/** Whether there is more to hear of a message. */
export function isUnderWay(row) {
  return row.receipt !== undefined && !LAST.includes(row.receipt.state)
}
