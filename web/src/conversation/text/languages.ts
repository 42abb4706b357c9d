// The languages that are highlighted, by the names that people write after the three backticks.

import bash from '@speed-highlight/core/languages/bash.js';
import c from '@speed-highlight/core/languages/c.js';
import css from '@speed-highlight/core/languages/css.js';
import diff from '@speed-highlight/core/languages/diff.js';
import docker from '@speed-highlight/core/languages/docker.js';
import go from '@speed-highlight/core/languages/go.js';
import html from '@speed-highlight/core/languages/html.js';
import ini from '@speed-highlight/core/languages/ini.js';
import java from '@speed-highlight/core/languages/java.js';
import json from '@speed-highlight/core/languages/json.js';
import make from '@speed-highlight/core/languages/make.js';
import py from '@speed-highlight/core/languages/py.js';
import regex from '@speed-highlight/core/languages/regex.js';
import rs from '@speed-highlight/core/languages/rs.js';
import sql from '@speed-highlight/core/languages/sql.js';
import toml from '@speed-highlight/core/languages/toml.js';
import ts from '@speed-highlight/core/languages/ts.js';
import xml from '@speed-highlight/core/languages/xml.js';
import yaml from '@speed-highlight/core/languages/yaml.js';
import { tokenizeWith, type ShjLanguageData, type ShjToken } from '@speed-highlight/core/tokenize';

// TypeScript's grammar is JavaScript's and more, and C's does well for C++.
const languages: Record<string, ShjLanguageData> = { bash, c, css, diff, docker, go, html, ini, java, js: ts, json, make, py, regex, rs, sql, toml, ts, xml, yaml };

const OTHER_NAMES: Record<string, string> = {
  'c++': 'c', cpp: 'c', dockerfile: 'docker', golang: 'go', h: 'c', javascript: 'ts', jsonc: 'json', jsx: 'ts', makefile: 'make', mjs: 'ts',
  patch: 'diff', python: 'py', rust: 'rs', sh: 'bash', shell: 'bash', svg: 'xml', tsx: 'ts', typescript: 'ts', yml: 'yaml', zsh: 'bash',
};

/** Calls `onPiece` with every piece of the code, or answers `false` if it does not know the language. */
export function tokenize(code: string, language: string, onPiece: (text: string, kind?: ShjToken) => void): boolean {
  const name = OTHER_NAMES[language] ?? language;
  if (!Object.hasOwn(languages, name)) return false;
  tokenizeWith(code, name, onPiece, { languages });
  return true;
}
