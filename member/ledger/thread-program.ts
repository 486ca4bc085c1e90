/** The program of the threads on which slow work on the ledger is done. */

/** The bundled `ledger-thread.ts`: the bundler puts it here. Where the sources run, there is none. */
declare const LEDGER_THREAD: string | undefined

/** Its address. */
export function threadProgram(): string {
  if (typeof LEDGER_THREAD === 'undefined') return import.meta.resolve('./ledger-thread.ts')
  return URL.createObjectURL(new Blob([LEDGER_THREAD], { type: 'text/javascript' }))
}
