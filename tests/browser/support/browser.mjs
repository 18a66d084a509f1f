// Chromium, and pages in it that report every complaint of the browser.
import { chromium } from 'playwright-core';

/** One browser for a test file: `const browser = await openBrowser(); after(() => browser.close())`. */
export function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/**
 * A page with a context of its own. `page.complaints` collects script errors and violations of the
 * Content-Security-Policy; network errors that a test provokes are not among them.
 */
export async function openPage(browser, { locale = 'en-GB', ...options } = {}) {
  const context = await browser.newContext({ locale, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|WebSocket|ERR_/.test(message.text()))
      page.complaints.push(message.text());
  });
  return page;
}
