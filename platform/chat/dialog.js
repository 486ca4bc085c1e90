/** A dialog over the page. It exists while it is open; the browser keeps the focus inside, and gives it back. */
import { element } from './message-text.js'

/** @returns {{body: HTMLElement, close: () => void}} */
export function openDialog(title, className = '') {
  const dialog = element('dialog', className)
  const head = element('header', '')
  const heading = element('h2', '', title)
  heading.id = 'dialog-title'
  dialog.setAttribute('aria-labelledby', heading.id)
  const close = button('Close', 'quiet', () => dialog.close())
  head.append(heading, close)
  const body = element('div', 'dialog-body')
  dialog.append(head, body)
  dialog.addEventListener('close', () => dialog.remove())
  // A click beside it closes it, like Escape.
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close())
  document.body.append(dialog)
  dialog.showModal()
  return { body, close: () => dialog.close() }
}

export function button(label, className, onClick) {
  const made = element('button', className, label)
  made.type = 'button'
  made.addEventListener('click', onClick)
  return made
}

/** A labelled field. */
export function field(label, control) {
  const frame = element('label', 'field', '')
  frame.append(element('span', '', label), control)
  return frame
}

export function textInput(value, { maxLength, required = false } = {}) {
  const input = element('input', '')
  input.type = 'text'
  input.value = value
  input.maxLength = maxLength
  input.required = required
  return input
}

/** A form whose failure stands beside its button until the next try. */
export function form(label, controls, onSubmit) {
  const made = element('form', 'stack')
  const submit = element('button', '', label)
  submit.type = 'submit'
  const failure = element('p', 'failure')
  failure.role = 'alert'
  made.append(...controls, failure, submit)
  made.addEventListener('submit', async (event) => {
    event.preventDefault()
    submit.disabled = true
    await tried(failure, onSubmit)
    submit.disabled = false
  })
  return made
}

/** Runs a step, and says beside it what went wrong. */
export async function tried(failure, step) {
  failure.textContent = ''
  try {
    await step()
  } catch (error) {
    failure.textContent = error.message
  }
}
