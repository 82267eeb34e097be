/** Letters of a word that count as one token; what common tokenizers come to on average for English text. */
const lettersPerToken = 4;

/** Estimates how many tokens a text has: words count by their length, all other signs one each. */
export function countTokens(text: string): number {
  let tokens = 0;
  for (const [part] of text.matchAll(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu)) {
    tokens += Math.ceil([...part].length / lettersPerToken);
  }
  return tokens;
}
