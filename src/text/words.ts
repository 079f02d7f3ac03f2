// Words of a text, by which two texts are found to say the same.

/** Runs of letters and digits, without case. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
