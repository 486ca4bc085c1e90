/** The entry of the page: the operator's token, from the address or from the person, and then the chat. */
import { Chat } from './chat.js'
import { PlatformClient, PlatformError } from './platform-client.js'

const TOKEN_KEY = 'molecule-operator-token'
const REFUSED =
  'The platform does not know this token. Unless it was given one, it makes a new one at each start: open the link it printed, or paste the token here.'

const byId = (id) => document.getElementById(id)

/**
 * Reads the token from the address, keeps it for this tab, and takes it out of the address and the history.
 */
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given) sessionStorage.setItem(TOKEN_KEY, given)
  if (location.hash !== '') history.replaceState(null, '', location.pathname)
  return sessionStorage.getItem(TOKEN_KEY)
}

function signIn(reason) {
  byId('app').hidden = true
  byId('sign-in').hidden = false
  if (reason) byId('sign-in-reason').textContent = reason
  byId('sign-in-form').onsubmit = (event) => {
    event.preventDefault()
    sessionStorage.setItem(TOKEN_KEY, byId('token').value.trim())
    location.reload()
  }
  byId('token').focus()
}

const token = takeToken()
// The link of a new start, opened in a tab that shows the page already, changes the fragment alone.
addEventListener('hashchange', () => location.reload())
if (!token) signIn()
else {
  try {
    await new Chat(new PlatformClient(token), () => signIn(REFUSED)).start()
  } catch (error) {
    signIn(error instanceof PlatformError && error.status === 401 ? REFUSED : error.message)
  }
}
