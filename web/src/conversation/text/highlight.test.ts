import { expect, test } from 'vitest';

import { highlight } from './highlight';

test.each([
  ['rust', 'let x = 1; // here', 'cmnt'], ['js', 'const x = `a ${b}`', 'kwd'], ['tsx', 'interface A {}', 'kwd'], ['python', 'def f(): pass', 'kwd'],
  ['c++', 'int main() { return 0; }', 'kwd'], ['sh', 'echo "x"', 'str'], ['json', '{"a": true}', 'bool'], ['html', '<a href="x">y</a>', 'str'],
  ['yml', 'a: "b"', 'str'], ['sql', 'select 1', 'kwd'], ['diff', '+ a\n- b', 'insert'], ['css', 'a { color: red; }', 'var'],
])('%s has colours, and loses no character', async (language, code, kind) => {
  const pieces = await highlight(code, language);
  expect(pieces?.map(({ text }) => text).join('')).toBe(code);
  expect(pieces?.map((piece) => piece.kind)).toContain(kind);
});

test('what is unknown or too long stays plain', async () => {
  for (const language of ['', 'klingon', 'constructor']) expect(await highlight('x', language)).toBeUndefined();
  expect(await highlight('x'.repeat(5_001), 'rust')).toBeUndefined();
});
