/** What the platform says about an agent, in words. Pure. */
import { plainName } from './message-text.js'

const PRESENCE = {
  online: ['good', 'online'],
  degraded: ['warn', 'degraded'],
  provisioning: ['', 'starting'],
  awaiting_agent: ['', 'waiting for its agent'],
  offline: ['', 'offline'],
  failed: ['bad', 'failed'],
}
const MAX_TROUBLE = 200
const MAX_TASK = 120

/** @returns {[tone: string, label: string]} */
export function presenceOf(member) {
  const [tone, label] = PRESENCE[member.status] ?? ['', member.status]
  return member.status === 'online' && member.active_tasks > 0 ? ['busy', 'working'] : [tone, label]
}

/** What the person should know before writing to an agent: what it works on, its role, why it is degraded, and whether it is away. */
export function subtitleOf(member) {
  const known = [plainName(member.role ?? '')]
  if (member.active_tasks > 0) {
    const task = plainName(member.current_task ?? '').slice(0, MAX_TASK)
    known.unshift(task === '' ? 'Working' : `Working on: ${task}`)
  }
  if (member.status === 'degraded' || member.status === 'failed') {
    known.push(plainName(member.last_sample_error ?? '').slice(0, MAX_TROUBLE))
  }
  if (!['online', 'degraded'].includes(member.status)) {
    const [, label] = presenceOf(member)
    const isNew = member.status === 'awaiting_agent'
    known.push(
      `${label}; ${isNew ? 'your messages are kept for it' : 'it will read your messages when it is back'}`,
    )
  }
  return known.filter((text) => text !== '').join(' · ')
}
