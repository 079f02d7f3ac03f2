// What a study came to beside its bar, as people read it.

export interface JudgedBar {
  bar: string
  value: number
  met: boolean
}

/** Points to a tenth; of a ratio, and of what is small, three digits. */
export const worth = (value: number): string => value.toFixed(value !== 0 && Math.abs(value) < 1 ? 3 : 1)

export const barLine = ({ bar, value, met }: JudgedBar): string =>
  `${met ? 'met' : 'NOT met'}  ${bar}  (${worth(value)})`
