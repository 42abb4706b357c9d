// Where the server is: the page may be nested under a path of somebody else's site. Built scripts lie in
// `assets/` below it.

const here: string = import.meta.url;

export const BASE: URL = import.meta.env.DEV ? new URL('/', location.href) : new URL('../', here);

/** The path of the page below the base, without a leading slash. */
export function pathBelowBase(url: URL): string {
  return url.pathname.startsWith(BASE.pathname) ? url.pathname.slice(BASE.pathname.length) : url.pathname.slice(1);
}
