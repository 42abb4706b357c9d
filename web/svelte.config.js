/** @type {import('@sveltejs/vite-plugin-svelte').SvelteConfig} */
export default {
  compilerOptions: {
    // Elements are built by the DOM's own calls: the page's policy lets no text become markup.
    fragments: 'tree',
    runes: true,
    discloseVersion: false,
    // The name stands at every element and selector; 36^4 of them are plenty for some dozens of files.
    cssHash: ({ hash, filename }) => `s${hash(filename.replace(/^.*\/src\//, '')).slice(0, 4)}`,
  },
};
