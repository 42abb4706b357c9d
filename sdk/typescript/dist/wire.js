/**
 * What the server sends and takes. Made from its own descriptions by scripts/wire.js; do not edit.
 */
export {};
