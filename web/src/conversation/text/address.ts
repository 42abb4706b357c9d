// Where an address ends that stands in a text as it is: before the signs of the sentence around it, in any script.

/** What opens, each with what closes it. */
const PAIRS = new Map([...'()[]{}（）［］｛｝｟｠「」｢｣『』【】〔〕〖〗〘〙〚〛〈〉《》⟨⟩«»‹›“”‘’'].map((sign, at, all) => [sign, all[at + 1]!] as const).filter((_, at) => at % 2 === 0));
/** Brackets inside each other. */
const MAX_DEPTH = 8;
const CLOSES = /[\p{Pe}\p{Pf}]/u;
/** Signs that end a sentence or a part of it. Those of ASCII are a part of addresses, unless they are the last. */
const ENDS = /["—―]|(?![·・\x00-\x7f])\p{Po}/u;
const NOT_LAST = /[?!.,:;*_~'"([{]$/;

/** The address at the start of a text without blanks; `before` is the sign in front of it. */
export function addressIn(text: string, before: string): string {
  const open: { closer: string; at: number }[] = [];
  let end = 0;
  for (const sign of text) {
    const closer = PAIRS.get(sign);
    if (open.length > MAX_DEPTH) break;
    if (closer) open.push({ closer, at: end });
    else if (open.at(-1)?.closer === sign) open.pop();
    else if (CLOSES.test(sign) || ENDS.test(sign) || (sign === "'" && before === "'")) break;
    end += sign.length;
  }
  // A bracket of ASCII may be a part of an address; another one that nothing closes is a part of the sentence.
  const last = open.find(({ at }) => text.charCodeAt(at) > 127);
  let address = text.slice(0, last ? last.at : end);
  while (NOT_LAST.test(address)) address = address.slice(0, -1);
  return address;
}
