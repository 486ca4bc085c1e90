/** Search in everything that was said: what the page has read, and further back on demand. */
import { button, openDialog } from './dialog.js'
import { element, plainName } from './message-text.js'
import { whenText } from './times.js'

const MAX_FOUND = 50
const AROUND = 60

/**
 * @param source `entries()` are those that the page has read, oldest first; `readOlder()` reads further back, and resolves
 *   to whether there is more; `isWhole()` says that all is read
 * @param onChoose called with the entry to show
 */
export function openSearch({ entries, readOlder, isWhole }, onChoose) {
  const { body, close } = openDialog('Search', 'wide')
  // Not a search field: there, Escape would empty the field and not close the dialog.
  const input = element('input', '')
  input.type = 'text'
  input.role = 'searchbox'
  input.ariaLabel = 'Words to find'
  input.placeholder = 'Words to find'
  const state = element('p', 'muted')
  state.role = 'status'
  const list = element('ol', 'found')
  const further = button('Search further back', '', async () => {
    further.disabled = true
    await readOlder()
    further.disabled = false
    show()
  })
  body.append(input, state, list, further)
  input.addEventListener('input', show)
  show()
  input.focus()

  function show() {
    const words = input.value.trim().toLowerCase()
    const found = words === '' ? [] : entries().filter((entry) => textOf(entry).toLowerCase().includes(words))
    list.replaceChildren(
      ...found
        .slice(-MAX_FOUND)
        .reverse()
        .map((entry) => resultFor(entry, words)),
    )
    const first = entries()[0]
    const reach =
      isWhole() || first === undefined ? 'all messages' : `messages since ${whenText(first.at, Date.now())}`
    const more = found.length > MAX_FOUND ? `, the newest ${MAX_FOUND} of which are shown` : ''
    state.textContent = words === '' ? `Searches ${reach}.` : `${found.length} found in ${reach}${more}.`
    further.hidden = isWhole()
  }

  function resultFor(entry, words) {
    const { from, to } = entry.message
    const item = element('li', '')
    const choose = button('', 'result', () => {
      close()
      onChoose(entry)
    })
    const who = to === undefined ? plainName(from) : `${plainName(from)} to ${plainName(to)}`
    choose.append(
      element('span', 'from', `${who} · ${whenText(entry.at, Date.now())}`),
      excerpt(textOf(entry), words),
    )
    item.append(choose)
    return item
  }
}

function textOf({ message, permission }) {
  return permission === undefined
    ? message.text
    : `${permission.tool} ${permission.purpose} ${permission.preview}`
}

function excerpt(text, words) {
  const line = element('span', '')
  const at = text.toLowerCase().indexOf(words)
  const from = Math.max(0, at - AROUND)
  line.append(
    (from > 0 ? '…' : '') + text.slice(from, at).toWellFormed(),
    element('mark', '', text.slice(at, at + words.length)),
    text.slice(at + words.length, at + words.length + AROUND * 2).toWellFormed(),
  )
  return line
}
