/** @type {import('@sveltejs/vite-plugin-svelte').SvelteConfig} */
export default {
  compilerOptions: {
    // Elements are built by the DOM's own calls: the page's policy lets no text become markup.
    fragments: 'tree',
    runes: true,
  },
};
