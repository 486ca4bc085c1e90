/** The tokens of a workspace: which there are, and an end to each. */
import { button, tried } from './dialog.js'
import { element } from './message-text.js'
import { whenText } from './times.js'

/** @returns {{element: HTMLElement, show: () => Promise<void>}} */
export function tokenList(client, member) {
  const section = element('section', 'stack')
  const failure = element('p', 'failure')
  failure.role = 'alert'
  const list = element('ul', 'tokens')
  section.append(element('h3', '', 'Tokens'), list, failure)
  const show = () =>
    tried(failure, async () => {
      const { tokens } = await client.tokens(member.id)
      list.replaceChildren(...tokens.map(rowFor))
      if (tokens.length === 0) list.append(element('li', 'muted', 'None: no agent can connect.'))
    })
  return { element: section, show }

  function rowFor(token) {
    const row = element('li', '')
    const now = Date.now()
    const used = token.last_used_at === null ? 'never used' : `last used ${whenText(token.last_used_at, now)}`
    const name = element('code', '', `${token.prefix}…`)
    const revoke = button('Revoke', 'danger', () => {
      // The second click is the answer to its question.
      if (revoke.dataset.asked === undefined) {
        revoke.dataset.asked = 'yes'
        revoke.textContent = 'Revoke for good?'
        revoke.ariaLabel = `Revoke the token ${token.prefix} for good`
        return
      }
      tried(failure, () => client.revoke(member.id, token.id)).then(show)
    })
    revoke.ariaLabel = `Revoke the token ${token.prefix}`
    row.append(name, element('span', 'muted', `made ${whenText(token.created_at, now)}, ${used}`), revoke)
    return row
  }
}
