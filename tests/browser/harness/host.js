// A website of somebody else: another origin, a strict policy of its own, a backend that vouches for its
// visitors, and the widget on its page.

import { once } from 'node:events';
import { createServer } from 'node:http';

export class Host {
  #server;
  /** Answers the page's question for a token; set by the test. */
  token = async () => '';
  /** Attributes of the widget's element. */
  attributes = 'conversation="1"';

  static async start() {
    const host = new Host();
    host.#server = createServer((request, response) => void host.#answer(request, response)).listen(0, '127.0.0.1');
    await once(host.#server, 'listening');
    host.origin = `http://127.0.0.1:${host.#server.address().port}`;
    return host;
  }

  /** Whose widget the page shows. */
  shows(server) {
    this.chat = server.url;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer({ url }, response) {
    const send = (type, body) => response.writeHead(200, {
      'content-type': type,
      'content-security-policy': `default-src 'none'; script-src 'self' ${this.chat}; frame-src 'self' ${this.chat}; `
        + `connect-src 'self'; img-src data:; require-trusted-types-for 'script'`,
    }).end(body);
    if (url === '/token') send('text/plain', await this.token());
    else if (url === '/host.js') send('text/javascript', SCRIPT);
    else if (url === '/other') send('text/html', '<!doctype html><title>Other</title><script src="/other.js"></script>');
    else if (url === '/other.js') send('text/javascript', "parent.postMessage({ chinwag: 'close' }, '*'); parent.postMessage({ chinwag: 'unread', unread: 77, mentions: 0 }, '*');");
    else send('text/html', this.#page());
  }

  #page() {
    return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Corner shop</title>
      <meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"></head>
      <body><main><h1>Corner shop</h1><p>Bread, milk, and a word at the counter.</p></main>
      <script src="${this.chat}/widget.js"></script><script src="/host.js"></script>
      <aside aria-label="Chat"><chinwag-widget ${this.attributes}></chinwag-widget></aside></body></html>`;
  }
}

const SCRIPT = `
  window.heard = [];
  ChinwagWidget.init({ getToken: async ({ reason }) => {
    heard.push(['token', reason]);
    return (await fetch('/token')).text();
  } });
  addEventListener('DOMContentLoaded', () => {
    for (const event of ['unread', 'message', 'ready', 'error']) ChinwagWidget.on(event, (detail) => heard.push([event, detail]));
  });
`;
