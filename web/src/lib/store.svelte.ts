// Stores of the client as reactive values: reading `current` in a component or an effect subscribes to it.

import { createSubscriber } from 'svelte/reactivity';

export interface Store<T> {
  subscribe(onChange: () => void): () => void;
  getSnapshot(): T;
}

export function reactive<T>(store: Store<T>): { readonly current: T } {
  const subscribe = createSubscriber((update) => store.subscribe(update));
  return {
    get current() {
      subscribe();
      return store.getSnapshot();
    },
  };
}
