// What is not on the page when it opens: one file, which comes when the first part of it is wanted.

import '../../i18n/later';

export { default as Details } from '../details/Details.svelte';
export { default as Profile } from '../details/Profile.svelte';
export { default as Overlays } from './Overlays.svelte';
