/** The entry of the page: takes the operator token from the address or the person, then opens the chat. */
import { Chat } from './chat.js'
import { PlatformClient, PlatformError } from './platform-client.js'

const TOKEN_KEY = 'molecule-operator-token'
const REFUSED =
  'The platform does not accept this token. Unless it is given one, it makes a new token at each start: open the link it printed, or paste the token here.'

const byId = (id) => document.getElementById(id)

/** Moves the token from the address and the history into this tab's storage. */
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
// Opening the link of a new start in a tab that already shows the page changes only the fragment.
addEventListener('hashchange', () => location.reload())
if (!token) signIn()
else {
  try {
    await new Chat(new PlatformClient(token), () => signIn(REFUSED)).start()
  } catch (error) {
    signIn(error instanceof PlatformError && error.status === 401 ? REFUSED : error.message)
  }
}
