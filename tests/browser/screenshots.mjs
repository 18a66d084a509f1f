// `npm run screenshots`: a picture of each state, light and dark, wide and narrow, in output/.
// `npm run screenshots -- --docs` copies those that the documentation shows to docs/images/.
import { copyFile, mkdir } from 'node:fs/promises';
import { openBrowser, openPage } from './support/browser.mjs';
import { openStage } from './support/stage.mjs';
import { STATES, reach } from './support/states.mjs';

const OUTPUT = new URL('output/', import.meta.url);
const IMAGES = new URL('../../docs/images/', import.meta.url);
const VIEWS = {
  light: { colorScheme: 'light', locale: 'en-GB', viewport: { width: 440, height: 600 } },
  dark: { colorScheme: 'dark', locale: 'zh-CN', viewport: { width: 440, height: 600 } },
  narrow: { colorScheme: 'light', locale: 'zh-CN', viewport: { width: 320, height: 600 } },
};
const FOR_DOCS = ['waiting-light', 'waiting-dark', 'scanned-light', 'done-light', 'expired-dark'];

await mkdir(OUTPUT, { recursive: true });
const [browser, stage] = await Promise.all([openBrowser(), openStage()]);
for (const [view, options] of Object.entries(VIEWS))
  for (const state of Object.keys(STATES)) {
    const page = await openPage(browser, { ...options, reducedMotion: 'reduce', deviceScaleFactor: 1.3 });
    await reach(page, stage, state, { query: view === 'light' || state === 'done' ? '' : '?action=login' });
    await page.screenshot({ path: new URL(`${state}-${view}.png`, OUTPUT).pathname, fullPage: true });
    await page.context().close();
  }
await browser.close();
stage.close();

if (process.argv.includes('--docs')) {
  await mkdir(IMAGES, { recursive: true });
  for (const name of FOR_DOCS)
    await copyFile(new URL(`${name}.png`, OUTPUT), new URL(`page-${name}.png`, IMAGES));
}
