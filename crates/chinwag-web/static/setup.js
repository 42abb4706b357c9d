// The first administrator. The link's token stands in the fragment, which no browser sends anywhere.

import { ApiError, setUp } from './api.js';

const byId = (id) => document.getElementById(id);
const form = byId('setup');
const create = byId('create');
const token = location.hash.slice(1);
let isBusy = false;

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (isBusy) return;
  setBusy(true);
  showError('');
  try {
    const account = Object.fromEntries(new FormData(form));
    await setUp(token, account);
    history.replaceState(null, '', location.pathname);
    byId('setup-fields').hidden = true;
    byId('setup-hint').hidden = true;
    byId('setup-done').hidden = false;
    byId('setup-done').focus();
  } catch (error) {
    showError(error instanceof ApiError ? error.message : 'The server cannot be reached. Try again.');
  }
  setBusy(false);
});

function setBusy(busy) {
  isBusy = busy;
  create.setAttribute('aria-disabled', String(busy));
}

function showError(text) {
  byId('setup-error').textContent = text;
  byId('setup-error').hidden = !text;
}

if (token) {
  create.disabled = false;
} else {
  showError('Open the whole link that the server printed when it started: its last part is missing here.');
}
