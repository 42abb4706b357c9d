// Whether there is a pointer that can rest on something without pressing it.

import { MediaQuery } from 'svelte/reactivity';

export const hovers = new MediaQuery('hover: hover', true);
