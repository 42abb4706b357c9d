// Code to coloured pieces. The highlighter is a chunk of its own, loaded with the first block of code on
// the page; until then, and for languages that it does not know, code is shown plain.

export interface Piece {
  text: string;
  /** The highlighter's word for it: `kwd`, `str`, `cmnt`, …; empty for what has no colour. */
  kind: string;
}

/** Longer blocks are not worth the time on the main thread. */
const MAX_CHARS = 5_000;

let loading: Promise<typeof import('./languages')> | undefined;

export async function highlight(code: string, language: string): Promise<Piece[] | undefined> {
  if (!language || code.length > MAX_CHARS) return undefined;
  loading ??= import('./languages');
  try {
    const { tokenize } = await loading;
    const pieces: Piece[] = [];
    const isKnown = tokenize(code, language, (text, kind) => {
      if (text) pieces.push({ text, kind: kind ?? '' });
    });
    return isKnown ? pieces : undefined;
  } catch {
    // Offline before it was ever loaded: the code stays plain, the next block tries again.
    loading = undefined;
    return undefined;
  }
}
