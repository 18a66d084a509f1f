// Every length that fits is drawn, and read back by a stranger's reader.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import jsQR from 'jsqr';
import { encode, svg } from '../../../web/qr.js';

const SCALE = 4;
const QUIET = 4;

function read(rows) {
  const size = (rows.length + 2 * QUIET) * SCALE;
  const pixels = new Uint8ClampedArray(4 * size * size).fill(255);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      if (rows[Math.floor(y / SCALE) - QUIET]?.[Math.floor(x / SCALE) - QUIET])
        pixels.fill(0, 4 * (y * size + x), 4 * (y * size + x) + 3);
  return jsQR(pixels, size, size, { inversionAttempts: 'dontInvert' });
}

test('a WeChat code', () => {
  const url = 'http://weixin.qq.com/q/02q3-w9LTHec21p_cANt1k';
  const rows = encode(url);
  assert.equal(rows.length, 33, 'version 4');
  assert.equal(read(rows).data, url);
});

test('every length from 1 to 213 bytes', () => {
  for (let length = 1; length <= 213; length++) {
    const text = Array.from({ length }, (_, i) =>
      String.fromCharCode(33 + ((i * 7 + length * 13) % 90)),
    ).join('');
    const rows = encode(text);
    assert.ok(
      rows.flat().every((bit) => bit === 0 || bit === 1),
      `a hole at ${length}`,
    );
    assert.equal(read(rows)?.data, text, `length ${length}`);
  }
});

test('UTF-8', () => {
  const text = '扫一扫 ✓';
  const bytes = Uint8Array.from(read(encode(text)).binaryData);
  assert.equal(new TextDecoder().decode(bytes), text);
});

test('the shortest version that holds it', () => {
  const sides = [14, 15, 26, 27, 42, 62, 84, 106, 122, 152, 180, 181, 213].map(
    (n) => encode('x'.repeat(n)).length,
  );
  assert.deepEqual(sides, [21, 25, 25, 29, 29, 33, 37, 41, 45, 49, 53, 57, 57]);
});

test('nothing and too much are refused', () => {
  for (const text of [undefined, '', 'x'.repeat(214)]) assert.throws(() => encode(text), RangeError);
});

test('the drawing has a quiet zone of four modules', () => {
  const drawing = svg('x');
  assert.match(drawing, /viewBox="0 0 29 29"/);
  assert.match(drawing, /d="M4 4h1v1h-1z/);
  assert.doesNotMatch(drawing, /style/);
});
