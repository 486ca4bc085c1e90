/** A list of elements that is brought up to date without touching those that stay as they are. */

export class KeyedList {
  #parent
  /** By key: the element, and the version it was made from. */
  #shown = new Map()

  constructor(parent) {
    this.#parent = parent
  }

  /** @param items each with a unique `key`, a `version`, and `make`, which makes its element */
  show(items) {
    const next = new Map()
    let place = this.#parent.firstElementChild
    for (const { key, version, make } of items) {
      const known = this.#shown.get(key)
      const element = known?.version === version ? known.element : make()
      next.set(key, { version, element })
      if (known !== undefined && known.element !== element) {
        if (place === known.element) place = element
        replace(known.element, element)
      }
      if (element === place) place = element.nextElementSibling
      else this.#parent.insertBefore(element, place)
    }
    for (const [key, { element }] of this.#shown) if (!next.has(key)) element.remove()
    this.#shown = next
  }

  elementOf(key) {
    return this.#shown.get(key)?.element
  }
}

/** Keeps the focus on what has the same name in the new element. */
function replace(old, made) {
  const focused = old.contains(document.activeElement) ? document.activeElement?.textContent : undefined
  old.replaceWith(made)
  if (focused === undefined) return
  const controls = [...made.querySelectorAll('button, a, [tabindex]')]
  const again = controls.find(({ textContent }) => textContent === focused) ?? controls[0]
  again?.focus({ preventScroll: true })
}
