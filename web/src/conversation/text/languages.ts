// The languages that are highlighted. Each costs one or two kilobytes of the lazy chunk.

import bash from 'highlight.js/lib/languages/bash';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { createLowlight } from 'lowlight';

// TypeScript's grammar is JavaScript's and more.
export const lowlight = createLowlight({
  bash, diff, go, json, python, rust, sql, typescript, xml, yaml,
});
lowlight.registerAlias({ typescript: ['js', 'javascript', 'jsx', 'mjs'] });
