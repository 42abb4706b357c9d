// Markdown around the selection: once puts the marks, twice takes them away.

export type Mark = 'bold' | 'italic' | 'strike' | 'code' | 'link' | 'quote' | 'list';

export interface Selected {
  text: string;
  start: number;
  end: number;
}

const AROUND: Partial<Record<Mark, string>> = { bold: '**', italic: '_', strike: '~~', code: '`' };
const BEFORE_LINES: Partial<Record<Mark, string>> = { quote: '> ', list: '- ' };

export function mark(selected: Selected, kind: Mark): Selected {
  const around = AROUND[kind];
  if (around) return kind === 'code' && part(selected).includes('\n') ? fence(selected) : surround(selected, around);
  const prefix = BEFORE_LINES[kind];
  if (prefix) return prefixLines(selected, prefix);
  return link(selected);
}

function part({ text, start, end }: Selected): string {
  return text.slice(start, end);
}

function replace({ text, start, end }: Selected, by: string, from: number, to: number): Selected {
  return { text: text.slice(0, start) + by + text.slice(end), start: start + from, end: start + to };
}

function surround(selected: Selected, around: string): Selected {
  const { text, start, end } = selected;
  const size = around.length;
  if (text.slice(start - size, start) === around && text.slice(end, end + size) === around) {
    const inner = part(selected);
    return replace({ text, start: start - size, end: end + size }, inner, 0, inner.length);
  }
  const inner = part(selected);
  if (inner.length > 2 * size && inner.startsWith(around) && inner.endsWith(around)) {
    const bare = inner.slice(size, -size);
    return replace(selected, bare, 0, bare.length);
  }
  return replace(selected, around + inner + around, size, size + inner.length);
}

function fence(selected: Selected): Selected {
  const inner = part(selected);
  return replace(selected, `\`\`\`\n${inner}\n\`\`\``, 4, 4 + inner.length);
}

function prefixLines({ text, start, end }: Selected, prefix: string): Selected {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const lines = text.slice(from, end).split('\n');
  const isThere = lines.every((line) => line.startsWith(prefix));
  const changed = lines.map((line) => (isThere ? line.slice(prefix.length) : prefix + line)).join('\n');
  return replace({ text, start: from, end }, changed, 0, changed.length);
}

function link(selected: Selected): Selected {
  const inner = part(selected);
  if (/^https?:\/\/\S+$/.test(inner)) return replace(selected, `[](${inner})`, 1, 1);
  const from = inner.length + 3;
  return replace(selected, `[${inner}](https://)`, from, from + 8);
}
