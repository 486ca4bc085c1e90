/** How an agent becomes a workspace: in one command on this machine, or with the settings of the workspace. */
import { button, tried } from './dialog.js'
import { copyButton, element, plainName } from './message-text.js'

const FLAG = '--dangerously-load-development-channels plugin:molecule@molecule-channel'

/** What `./molecule join` takes for a name: it becomes the name of a folder. */
const JOINS = /^[A-Za-z0-9][\w-]{0,63}$/

/** The settings of a session, as they stand in its `.env`. */
export function settingsBlock(origin, { workspace_id, auth_token }) {
  return [
    `MOLECULE_PLATFORM_URL=${origin}`,
    `MOLECULE_WORKSPACE_IDS=${workspace_id}`,
    `MOLECULE_WORKSPACE_TOKENS=${auth_token}`,
  ].join('\n')
}

/** The line that starts a session whose state is in a folder of its own, named after the agent. */
export function claudeLine(name) {
  const folder = name.replace(/[^\w-]+/g, '-').replace(/^-+|-+$/g, '') || 'agent'
  return `MOLECULE_STATE_DIR="$HOME/.claude/channels/${folder}" claude ${FLAG}`
}

/** @param mint resolves to `{workspace_id, auth_token}` with a new token, which is shown once */
export function connectSteps(member, mint) {
  const steps = element('section', 'stack')
  const name = plainName(member.name)
  steps.append(element('h3', '', 'Connect its agent'))
  const others = element('details', '')
  others.open = !JOINS.test(name)
  if (JOINS.test(name)) {
    steps.append(
      element('p', '', 'For Claude Code on this machine, in the folder of the clone:'),
      snippet(`./molecule join ${name} --start`, 'Copy the command'),
    )
  }
  const failure = element('p', 'failure')
  failure.role = 'alert'
  const place = element('div', 'stack')
  const make = button('Make a token and show the settings', '', () =>
    tried(failure, async () => {
      const block = settingsBlock(location.origin, await mint())
      place.replaceChildren(
        element(
          'p',
          '',
          'Put these settings into the .env file of the session’s state folder. The token is shown once.',
        ),
        snippet(block, 'Copy the settings'),
        element('p', '', 'Then start Claude Code with that folder:'),
        snippet(claudeLine(name), 'Copy the line'),
      )
    }),
  )
  place.append(make)
  others.append(element('summary', '', 'By hand, or for another program'), place, failure)
  steps.append(others)
  return steps
}

function snippet(text, label) {
  const frame = element('div', 'snippet')
  const block = element('pre', '', text)
  block.tabIndex = 0
  block.role = 'group'
  block.ariaLabel = label.replace('Copy', 'Text of')
  const copy = copyButton('Copy', () => text)
  copy.ariaLabel = label
  frame.append(block, copy)
  return frame
}
