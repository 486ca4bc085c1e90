/** A permission request as a row of its own kind, with buttons and what became of it. */
import { element, plainName } from './message-text.js'
import { isOpen, outcomeOf } from './permissions.js'
import { timeElement, whenText } from './times.js'

const AGAIN_MS = 5_000

/** @param onDecide called with the request and whether it is allowed */
export function permissionElement({ message, permission }, onDecide) {
  const now = Date.now()
  const open = isOpen(permission, now)
  const row = element('li', `permission ${open ? 'open' : permission.state}`)
  const head = element('div', 'head')
  const title = element('strong', '', `${plainName(message.from)} asks for permission to use `)
  title.append(element('code', '', plainName(permission.tool)))
  head.append(title, timeElement(permission.askedAt))
  row.append(head)
  if (permission.purpose !== '') row.append(element('p', 'purpose', plainName(permission.purpose)))
  if (permission.preview !== '') {
    const preview = element('pre', '', permission.preview)
    preview.tabIndex = 0
    preview.role = 'group'
    preview.ariaLabel = 'What it would do'
    row.append(preview)
  }
  const foot = element('div', 'foot')
  const until = permission.until ?? permission.verdict?.at
  const when = until === undefined ? '' : ` · ${whenText(until, now)}`
  foot.append(element('span', 'outcome', outcomeOf(permission, now) + when))
  if (open) {
    foot.append(
      button('Allow', 'primary', () => onDecide(permission, true)),
      button('Deny', '', () => onDecide(permission, false)),
    )
  }
  row.append(foot)
  return row

  function button(label, kind, onClick) {
    const made = element('button', kind, label)
    made.type = 'button'
    made.ariaLabel = `${label} ${plainName(permission.tool)} for ${plainName(message.from)}`
    made.addEventListener('click', () => {
      // One answer counts. Where it does not arrive, there is another try.
      const buttons = [...foot.querySelectorAll('button')]
      for (const other of buttons) other.disabled = true
      setTimeout(() => {
        for (const other of buttons) other.disabled = false
      }, AGAIN_MS)
      onClick()
    })
    return made
  }
}

/** What the row shows, as a text that changes with it. */
export function permissionVersion(permission) {
  return `${permission.state} ${permission.verdict?.at} ${isOpen(permission, Date.now())}`
}
