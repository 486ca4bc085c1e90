/** The model's instructions for the channel. The session-start hook prints the same file. */
import text from '../../hooks/guidance.txt' with { type: 'text' }

export const GUIDANCE: string = text
