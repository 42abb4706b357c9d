/** Ids of our own: ULIDs, which sort by the time of their making. */
const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
export function ulid() {
    let time = Date.now();
    let id = "";
    for (let place = 0; place < 10; place++) {
        id = DIGITS[time % 32] + id;
        time = Math.floor(time / 32);
    }
    for (const byte of crypto.getRandomValues(new Uint8Array(16)))
        id += DIGITS[byte % 32];
    return id;
}
