/** A promise that somebody else settles. Not waiting for it is no fault. */

export interface Settleable<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

export function settleable<T>(): Settleable<T> {
  const settle = {} as Settleable<T>;
  settle.promise = new Promise<T>((resolve, reject) => Object.assign(settle, { resolve, reject }));
  settle.promise.catch(() => {});
  return settle;
}
