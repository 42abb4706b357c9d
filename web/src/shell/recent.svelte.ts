// Which conversations were opened last on this page, newest first.

let opened = $state.raw<readonly string[]>([]);

export const recent = {
  visit(id: string): void {
    if (opened[0] !== id) opened = [id, ...opened.filter((other) => other !== id)];
  },
  /** Those that were opened, newest first; then the others in their own order. */
  first<T extends { id: string }>(items: readonly T[]): T[] {
    const places = new Map(opened.map((id, place) => [id, place]));
    return [...items].sort((a, b) => (places.get(a.id) ?? Infinity) - (places.get(b.id) ?? Infinity) || 0);
  },
};
