// A finger on the screen: what a phone tells its browser, as touches and not as clicks of a mouse.

const phone = (width, height) => ({ viewport: { width, height }, hasTouch: true, isMobile: true });

/** A phone of today and a small one, each with a region whose clock and digits differ from the other tests'. */
export const PHONES = [
  { name: '390 px, en-US', options: { ...phone(390, 844), locale: 'en-US' } },
  { name: '320 px, en-GB', options: phone(320, 640) },
];

export class Finger {
  static async on(page) {
    return new Finger(page, await page.context().newCDPSession(page));
  }

  constructor(page, wire) {
    this.page = page;
    this.wire = wire;
  }

  tap(target) {
    return target.tap();
  }

  /** Presses until `appears` is there, then lifts. */
  async hold(target, appears) {
    await this.#touch('touchStart', await middle(target));
    await appears.waitFor();
    await this.#touch('touchEnd');
  }

  /** From the middle of something, by so many px. */
  async swipe(target, dx, dy = 0) {
    const { x, y } = await middle(target);
    await this.#touch('touchStart', { x, y });
    const steps = 8;
    for (let step = 1; step <= steps; step += 1) await this.#touch('touchMove', { x: x + (dx * step) / steps, y: y + (dy * step) / steps });
    await this.#touch('touchEnd');
  }

  #touch(type, point) {
    return this.wire.send('Input.dispatchTouchEvent', { type, touchPoints: point ? [point] : [] });
  }
}

async function middle(target) {
  await target.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await target.boundingBox();
  return { x: x + width / 2, y: y + height / 2 };
}
