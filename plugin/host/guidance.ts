/** What the model is told about the channel: as server instructions, and by the session-start hook from the same file. */
import text from '../../hooks/guidance.txt' with { type: 'text' }

export const GUIDANCE: string = text
