/** The column of the team: the timeline of all, and each agent with its presence and what is unread. */
import { avatar } from './message-element.js'
import { element, plainName } from './message-text.js'
import { presenceOf } from './presence.js'

export const TEAM = 'team'
const MAX_COUNT = 99

/** Parents come before those below them, in the order of the platform. */
export function inTree(members) {
  const ids = new Set(members.map(({ id }) => id))
  const below = (parent, depth) =>
    members
      .filter(({ parent_id: id }) => (parent === undefined ? !ids.has(id) : id === parent))
      .flatMap((member) => [{ member, depth }, ...(depth > 20 ? [] : below(member.id, depth + 1))])
  return below(undefined, 0)
}

/** @returns items for a keyed list */
export function teamItems(members, { chosen, unread, questions, onChoose }) {
  const timeline = {
    key: TEAM,
    version: `${chosen === TEAM}`,
    make: () => {
      const item = element('li', '')
      item.append(choice('Team timeline', TEAM, chosen === TEAM, onChoose))
      return item
    },
  }
  if (members.length === 0) return []
  return [timeline, ...inTree(members).map(({ member, depth }) => memberItem(member, depth))]

  function memberItem(member, depth) {
    const [tone, label] = presenceOf(member)
    const count = unread.get(member.id) ?? 0
    const asks = questions.get(member.id) ?? 0
    const isChosen = chosen === member.id
    return {
      key: member.id,
      version: JSON.stringify([member.name, tone, label, count, asks, isChosen, depth]),
      make: () => {
        const item = element('li', `depth-${Math.min(depth, 3)}`)
        const button = choice(plainName(member.name), member.id, isChosen, onChoose)
        button.prepend(avatar(member.name))
        button.append(element('span', `badge ${tone}`, asks > 0 ? 'waits for you' : label))
        if (asks > 0) button.querySelector('.badge').className = 'badge asks'
        if (count > 0) {
          const shown = element('span', 'unread', count > MAX_COUNT ? `${MAX_COUNT}+` : String(count))
          shown.append(element('span', 'hidden', ' unread'))
          button.append(shown)
        }
        item.append(button)
        return item
      },
    }
  }
}

function choice(name, id, isChosen, onChoose) {
  const button = element('button', 'member')
  button.type = 'button'
  button.dataset.id = id
  button.title = name
  if (isChosen) button.setAttribute('aria-current', 'true')
  button.append(element('span', 'name', name))
  button.addEventListener('click', () => onChoose(id))
  return button
}

/** How much is unread in all: in the title of the page, and on the button that opens the team on a narrow screen. */
export function showTotal(unread, page) {
  const total = [...unread.values()].reduce((sum, count) => sum + count, 0)
  document.title = `${total > 0 ? `(${total}) ` : ''}${page} – Molecule`
  const badge = document.getElementById('elsewhere')
  badge.hidden = total === 0
  badge.textContent = String(total)
}
