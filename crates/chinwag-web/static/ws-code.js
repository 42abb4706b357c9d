// What the page does, as a program: one for each language, with the frame that stands in the editor.

const PLACEHOLDER = 'YOUR_TOKEN';

/** `wish`: `{ socket, url, username, frame }`; `url` is without its query, `query` without the token. */
export function program(language, wish) {
  return { javascript, python, shell }[language](wish);
}

function javascript({ isUser, url, query, frame }) {
  const open = isUser
    ? `new WebSocket(${quote(url)}, ['chinwag.v1', \`bearer.\${token}\`])`
    : `new WebSocket(\`${url}?token=\${token}${tail(query)}\`)`;
  const hello = isUser ? `  socket.send(JSON.stringify({ type: 'hello', ref: 'hello' }));\n` : '';
  return `const token = '${PLACEHOLDER}';
const socket = ${open};
socket.onopen = () => {
${hello}  socket.send(${quote(frame)});
};
socket.onmessage = ({ data }) => console.log(JSON.parse(data));
socket.onclose = ({ code, reason }) => console.log('closed', code, reason);
`;
}

function python({ isUser, url, query, frame }) {
  const open = isUser
    ? `websockets.connect(${quote(url)}, subprotocols=["chinwag.v1", f"bearer.{TOKEN}"])`
    : `websockets.connect(f"${url}?token={TOKEN}${tail(query)}")`;
  const hello = isUser ? `        await socket.send('{"type": "hello", "ref": "hello"}')\n` : '';
  return `# pip install websockets
import asyncio

import websockets

TOKEN = "${PLACEHOLDER}"


async def main():
    async with ${open} as socket:
${hello}        await socket.send(${quote(frame)})
        async for frame in socket:
            print(frame)
    print("closed", socket.close_code, socket.close_reason)


asyncio.run(main())
`;
}

function shell({ isUser, url, query, frame, username, signIn }) {
  const open = isUser
    ? `websocat --protocol "chinwag.v1, bearer.$TOKEN" ${single(url)}`
    : `websocat "${url}?token=$TOKEN${tail(query)}"`;
  const lines = [...isUser ? ['{"type":"hello","ref":"hello"}'] : [], frame];
  return `TOKEN=$(curl -s ${single(signIn)} \\
  -d username=${single(username)} -d password='YOUR_PASSWORD' | jq -r .access_token)

# Sends what comes first, then what you type, a frame a line.
{ printf '%s\\n' ${lines.map(single).join(' ')}; cat; } |
  ${open}
`;
}

function tail(query) {
  const text = new URLSearchParams(query).toString();
  return text && `&${text}`;
}

// JSON's strings are strings of JavaScript and Python too.
function quote(text) {
  return /['\\\n]/.test(text) ? JSON.stringify(text) : `'${text}'`;
}

function single(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
