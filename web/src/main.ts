import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { applyLanguage } from './i18n/index.svelte';
// Hears the page around a frame from its first word on.
import './widget/page';

const target = document.getElementById('app');
if (!target) throw new Error('the page has no #app');
// The words first: a page that changes its language while it is read is worse than one that comes 10 ms later.
applyLanguage().finally(() => mount(App, { target }));
