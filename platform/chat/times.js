/** Times as people read them. */

const CLOCK = { hour: '2-digit', minute: '2-digit' }
const DAY_MS = 86_400_000

/** The time of day, as an element that holds the whole time. */
export function timeElement(at) {
  const made = document.createElement('time')
  const date = new Date(at)
  made.dateTime = at
  made.textContent = date.toLocaleTimeString([], CLOCK)
  made.title = date.toLocaleString([], { dateStyle: 'full', timeStyle: 'medium' })
  return made
}

export function dayOf(at) {
  return new Date(at).toDateString()
}

export function dayName(at, now) {
  const day = dayOf(at)
  if (day === dayOf(now)) return 'Today'
  if (day === dayOf(now - DAY_MS)) return 'Yesterday'
  return new Date(at).toLocaleDateString([], {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  })
}

/** The day as well, unless it is today. */
export function whenText(at, now) {
  const clock = new Date(at).toLocaleTimeString([], CLOCK)
  return dayOf(at) === dayOf(now)
    ? clock
    : `${new Date(at).toLocaleDateString([], { day: 'numeric', month: 'short' })}, ${clock}`
}

/** A span in its largest unit. */
export function spanText(ms) {
  const units = [
    [DAY_MS, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
  ]
  for (const [size, unit] of units) {
    const count = Math.floor(ms / size)
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'}`
  }
  return 'under a minute'
}
