// The page, its service worker and the widget, as the server embeds them. The same source always gives the
// same bytes; `npm run dev` and `npm run preview` pass everything else on to a server on port 8000, or to
// the one that CHINWAG_URL names.

import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const server = process.env.CHINWAG_URL ?? 'http://127.0.0.1:8000';
const API = '^/(auth|users|conversations|search|files|push|presence|healthz|readyz|ws)(/|\\?|$)';

// What lies beside index.html under its own name; all else is in `assets/`, named by its content.
const ENTRIES = new Set(['sw', 'widget']);

/** The body is empty until the script runs, so painting waits for it: no theme or language ever flashes. */
const paintOnce: Plugin = {
  name: 'paint-once',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => html.replace('<script type="module" ', '<script type="module" blocking="render" '),
  },
};

export default defineConfig({
  base: './',
  plugins: [svelte(), paintOnce],
  // The client as it is written, so that no build has to come first.
  resolve: { alias: { '@chinwag/client': fileURLToPath(new URL('../sdk/typescript/src/index.ts', import.meta.url)) } },
  server: { proxy: { [API]: { target: server, ws: true } } },
  build: {
    outDir: '../crates/chinwag-web/dist',
    emptyOutDir: true,
    target: 'es2023',
    // What knows `light-dark()` and `:dir()`: else both would be written out for older browsers, the latter wrongly.
    cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: 'index.html', count: 'count.html', sw: 'src/notifications/sw.ts', widget: 'src/widget/widget.ts' },
      output: {
        entryFileNames: ({ name }) => (ENTRIES.has(name) ? '[name].js' : 'assets/[hash].js'),
        chunkFileNames: 'assets/[hash].js',
        assetFileNames: 'assets/[hash][extname]',
      },
    },
  },
  test: { include: ['src/**/*.test.ts', 'tests/**/*.test.ts'] },
});
