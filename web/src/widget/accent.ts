// The colour that a website chose for its chat, moved as far as it takes to be read in both themes.

const LIGHT = { on: [255, 255, 255], page: [255, 255, 255], towards: 0 } as const;
const DARK = { on: [13, 17, 36], page: [17, 19, 23], towards: 255 } as const;
const READABLE = 4.5;
const STEP = 0.04;

/** For the tokens of the accent and of one's own bubbles, whose text is the page's; undefined if it is no colour like `#3451d1`. */
export function accentTokens(hex: string): { accent: string; soft: string; mine: string } | undefined {
  const found = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(hex.trim());
  if (!found) return undefined;
  const colour = found.slice(1).map((part) => parseInt(part, 16));
  const [light, dark] = [LIGHT, DARK].map((theme) => css(readable(colour, theme)));
  const mixed = (part: number, inDark: number) => `light-dark(color-mix(in srgb, ${light} ${part}%, #fff), color-mix(in srgb, ${dark} ${inDark}%, #111317))`;
  return { accent: `light-dark(${light}, ${dark})`, soft: mixed(12, 20), mine: mixed(14, 26) };
}

type Theme = typeof LIGHT | typeof DARK;

function readable(colour: readonly number[], { on, page, towards }: Theme): readonly number[] {
  let moved = colour;
  for (let part = 0; part <= 1; part += STEP) {
    moved = colour.map((value) => Math.round(value + (towards - value) * part));
    if (contrast(moved, on) >= READABLE && contrast(moved, page) >= READABLE) break;
  }
  return moved;
}

/** WCAG 2.2, "contrast ratio". */
export function contrast(one: readonly number[], other: readonly number[]): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function css(colour: readonly number[]): string {
  return `#${colour.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
