// Code to coloured pieces. The highlighter is a chunk of its own, loaded with the first block of code on
// the page; until then, and for languages that it does not know, code is shown plain.

import type { ElementContent, Root } from 'hast';

export interface Piece {
  text: string;
  /** The innermost class of the highlighter, without its prefix: `keyword`, `string`, … */
  kind: string;
}

/** Longer blocks are not worth the time on the main thread. */
const MAX_CHARS = 20_000;

let loading: Promise<typeof import('./languages')> | undefined;

export async function highlight(code: string, language: string): Promise<Piece[] | undefined> {
  if (!language || code.length > MAX_CHARS) return undefined;
  loading ??= import('./languages');
  try {
    const { lowlight } = await loading;
    return lowlight.registered(language) ? pieces(lowlight.highlight(language, code)) : undefined;
  } catch {
    // Offline before it was ever loaded: the code stays plain, the next block tries again.
    loading = undefined;
    return undefined;
  }
}

export function pieces(tree: Root): Piece[] {
  const found: Piece[] = [];
  const walk = (nodes: readonly (ElementContent | Root['children'][number])[], kind: string) => {
    for (const node of nodes) {
      if (node.type === 'text') found.push({ text: node.value, kind });
      else if (node.type === 'element') walk(node.children, kindOf(node.properties['className']) ?? kind);
    }
  };
  walk(tree.children, '');
  return found;
}

function kindOf(className: unknown): string | undefined {
  const first: unknown = Array.isArray(className) ? className[0] : undefined;
  return typeof first === 'string' ? first.replace(/^hljs-/, '') : undefined;
}
