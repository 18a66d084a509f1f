// What a person would see and hear on the page.
import jsQR from 'jsqr';

/** Resolves when the page is in `state` (`waiting`, `scanned`, `offline`, …). */
export function inState(page, state) {
  return page.locator(`main.${state}`).waitFor({ timeout: 15_000 });
}

/** Goes to the page and returns the code that it gets, once it is on show. */
export async function visit(page, url) {
  const reply = page.waitForResponse((response) => new URL(response.url()).pathname === '/qrcode');
  await page.goto(url);
  const code = await (await reply).json();
  await inState(page, 'waiting');
  return code;
}

/** Reads the code off the screen, as a phone does. */
export async function readCode(page) {
  const shot = await page.locator('.frame').screenshot({ animations: 'disabled' });
  const { width, height, pixels } = await pixelsOf(page.context().browser(), shot);
  return jsQR(Uint8ClampedArray.from(pixels), width, height)?.data ?? null;
}

/** The pixels of a PNG, by the decoder that is at hand anyway: a browser's. */
async function pixelsOf(browser, png) {
  const blank = await browser.newPage();
  try {
    return await blank.evaluate(async (base64) => {
      const reply = await fetch(`data:image/png;base64,${base64}`);
      const image = await createImageBitmap(await reply.blob());
      const { width, height } = image;
      const canvas = new OffscreenCanvas(width, height).getContext('2d');
      canvas.drawImage(image, 0, 0);
      return { width, height, pixels: [...canvas.getImageData(0, 0, width, height).data] };
    }, png.toString('base64'));
  } finally {
    await blank.close();
  }
}

/** Text on the screen whose contrast is below WCAG AA, as sentences; none is good. */
export function poorContrast(page) {
  return page.evaluate(() => {
    const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
    const light = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((c) =>
        (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = channels(getComputedStyle(at).backgroundColor);
        if (colour.length === 3 || colour[3] === 1) return colour;
      }
      return [255, 255, 255];
    };
    const complaints = [];
    for (const element of document.querySelectorAll('h1, p, button, dt, dd code')) {
      if (
        !element.textContent.trim() ||
        element.id === 'live' ||
        !element.checkVisibility({ visibilityProperty: true })
      )
        continue;
      const [a, b] = [light(channels(getComputedStyle(element).color)), light(ground(element))].sort(
        (x, y) => y - x,
      );
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < 4.5) complaints.push(`${ratio.toFixed(2)}: ${element.textContent}`);
    }
    return complaints;
  });
}

/** How far the page would scroll sideways, in pixels. */
export function overhang(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
