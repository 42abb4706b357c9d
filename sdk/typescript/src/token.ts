/** What a token says of itself. Nobody has verified it: it only ever narrows what is shown. */

/** Whose it is, as far as it can be read: tokens may be of any form. */
export function subjectOf(token: string | undefined): string | undefined {
  try {
    const payload = token!.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    const { iss, sub } = JSON.parse(atob(payload)) as { iss?: unknown; sub?: unknown };
    return sub === undefined ? undefined : JSON.stringify([iss, sub]);
  } catch {
    return undefined;
  }
}
