// Builds the package of the present folder: as modules into dist/, and for `require` into dist/cjs/. `npm pack` calls it.

import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
for (const config of ['tsconfig.build.json', 'tsconfig.cjs.json']) {
  execFileSync('tsc', ['-p', config], { stdio: 'inherit', shell: process.platform === 'win32' });
}
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
