/** The questions that wait for the person, each with its buttons, until it is answered. */
import { button, textInput, tried } from './dialog.js'
import { bodyElement, element, plainName } from './message-text.js'
import { answersTo, requestOutcome } from './requests.js'
import { whenText } from './times.js'

const WROTE = 'Your words were passed on. The question stays here until it is closed.'
const MAX_WORDS = 10_000

/**
 * @returns an item for a keyed list
 * @param steps `onAnswer` sends an answer, `onWords` a message; both reject with a sentence
 */
export function questionItem(request, nameOf, { onAnswer, onWords }) {
  const from = plainName(nameOf(request.requester_id))
  return { key: request.id, version: `${request.status} ${from}`, make }

  function make() {
    const card = element('article', 'question')
    card.ariaLabel = `Question of ${from}`
    const head = element('div', 'head')
    head.append(
      element('strong', '', `${from} asks: ${plainName(request.title)}`),
      element('span', 'muted', whenText(request.created_at, Date.now())),
    )
    const failure = element('p', 'failure')
    failure.role = 'alert'
    const foot = element('div', 'foot')
    for (const { label, answer } of answersTo(request)) {
      const isFirst = asksToChoose(request) && foot.childElementCount === 0
      foot.append(
        button(plainName(label), isFirst ? 'primary' : '', () => once(() => onAnswer(request, answer))),
      )
    }
    card.append(head)
    if (request.detail) card.append(bodyElement(request.detail))
    if (request.status === 'info_requested') card.append(element('p', '', WROTE))
    card.append(...(asksToChoose(request) ? [foot, failure, wordsForm()] : [wordsForm(), failure, foot]))
    return card

    async function once(step) {
      const buttons = [...card.querySelectorAll('button')]
      for (const one of buttons) one.disabled = true
      await tried(failure, step)
      for (const one of buttons) one.disabled = false
    }

    /** Words leave the question open: its agent may ask on. */
    function wordsForm() {
      const form = element('form', 'words')
      const input = textInput('', { maxLength: MAX_WORDS, required: true })
      input.ariaLabel = `Words to ${from} about this question`
      const send = element('button', '', 'Send')
      send.type = 'submit'
      form.append(input, send)
      form.addEventListener('submit', (event) => {
        event.preventDefault()
        once(() => onWords(request, input.value.trim()))
      })
      if (!asksToChoose(request)) return form
      const details = element('details', '')
      details.append(element('summary', '', 'Answer in words'), form)
      return details
    }
  }
}

function asksToChoose({ kind, choices }) {
  return kind === 'approval' || choices !== undefined
}

/** The row of a question in the timeline: that it was asked, and what became of it. */
export function questionElement({ message, at }, request) {
  const row = element('li', `asked ${request?.status ?? ''}`)
  const title = request === undefined ? '' : plainName(request.title)
  row.append(
    element('strong', '', `${plainName(message.from)} asked${title === '' ? ' a question' : `: ${title}`}`),
    element('span', 'muted', `${whenText(at, Date.now())} · ${requestOutcome(request)}`),
  )
  return row
}
