// The English words of what is loaded when it is wanted. Imported by each of these parts.

import words from './later.en.json';
import { addWords } from './index.svelte';

addWords(words);
