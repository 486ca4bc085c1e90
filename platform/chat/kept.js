/** What the page remembers in this browser. Where the browser keeps nothing, the page works without. */

const PREFIX = 'molecule-'

export function recall(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? fallback
  } catch {
    // Switched off, or written by something else.
    return fallback
  }
}

export function keep(name, value) {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + name)
    else localStorage.setItem(PREFIX + name, JSON.stringify(value))
  } catch {
    // Switched off or full.
  }
}

/** Calls back when another tab has kept something under this name. */
export function onKeptElsewhere(name, callback) {
  addEventListener('storage', ({ key }) => key === PREFIX + name && callback())
}
