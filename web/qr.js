// QR codes (ISO/IEC 18004): byte mode, level M, versions 1 to 10, always mask 3: readers take any.

// Codewords in all, correction codewords of a block, blocks.
const VERSIONS = [
	[26, 10, 1], [44, 16, 1], [70, 26, 1], [100, 18, 2], [134, 24, 2],
	[172, 16, 4], [196, 18, 4], [242, 22, 4], [292, 22, 5], [346, 26, 5],
];
const FORMAT = '101101101001011'; // level M, mask 3, and their check bits

/** An SVG text of one unit a module, quiet zone included. */
export function svg(text) {
	const rows = encode(text);
	const size = rows.length + 8;
	const dark = rows.flatMap((row, y) => row.map((bit, x) => (bit ? `M${x + 4} ${y + 4}h1v1h-1z` : '')));
	return (
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">` +
		`<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${dark.join('')}"/></svg>`
	);
}

/** Rows of 0 and 1 (dark), without quiet zone, for 1 to 213 bytes; otherwise a RangeError. */
export function encode(text) {
	const bytes = new TextEncoder().encode(text);
	const version =
		1 + VERSIONS.findIndex(([all, check, blocks], i) => all - check * blocks > bytes.length + (i < 9 ? 1 : 2));
	if (!version || !bytes.length) throw new RangeError('not 1 to 213 bytes');
	return drawn(version, codewords(bytes, version));
}

/** Data and correction in the order of drawing, as a text of bits. */
function codewords(bytes, version) {
	const [all, check, count] = VERSIONS[version - 1];
	const room = all - check * count;
	const bits = ['0100', binary(bytes.length, version < 10 ? 8 : 16), ...Array.from(bytes, octet), '0000'];
	const data = bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2));
	for (let pad = 0xec; data.length < room; pad ^= 0xfd) data.push(pad);

	const divisor = generator(check);
	const short = Math.floor(room / count);
	const blocks = Array.from({ length: count }, (_, i) => data.splice(0, short + (i >= count - (room % count))));
	const checks = blocks.map((block) => remainder(block, divisor));
	const woven = [];
	for (let i = 0; i <= short; i++) for (const block of blocks) woven.push(block[i] ?? []);
	for (let i = 0; i < check; i++) for (const block of checks) woven.push(block[i]);
	return woven.flat().map(octet).join('');
}

function drawn(version, bits) {
	const size = 17 + 4 * version;
	const rows = Array.from({ length: size }, () => Array(size)); // undefined: free for data
	const set = (x, y, dark) => rows[y] && x >= 0 && x < size && (rows[y][x] = Number(dark));
	const rings = (cx, cy, radius, light) => {
		for (let y = -radius; y <= radius; y++)
			for (let x = -radius; x <= radius; x++)
				set(cx + x, cy + y, !light.includes(Math.max(Math.abs(x), Math.abs(y))));
	};
	const both = (x, y, dark) => (set(x, y, dark), set(y, x, dark));

	for (let i = 0; i < size; i++) both(6, i, i % 2 === 0);
	for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) rings(x, y, 4, [2, 4]);
	const last = size - 7;
	const centres = version < 7 ? [6, last] : [6, 8 + 2 * version, last];
	for (const x of centres)
		for (const y of centres) if (version > 1 && x + y > 12 && Math.abs(x - y) < last - 6) rings(x, y, 2, [1]);

	[...FORMAT].reverse().forEach((bit, i) => {
		set(8, i < 6 ? i : i < 8 ? i + 1 : size - 15 + i, bit);
		set(i < 8 ? size - 1 - i : i < 9 ? 7 : 14 - i, 8, bit);
	});
	set(8, size - 8, 1);
	if (version > 6) {
		let check = version;
		for (let i = 0; i < 12; i++) check = (check << 1) ^ ((check >> 11) * 0x1f25);
		const about = [...binary((version << 12) | check, 18)].reverse();
		about.forEach((bit, i) => both(size - 11 + (i % 3), Math.floor(i / 3), bit));
	}

	let next = 0;
	let up = true;
	for (let right = size - 1; right > 0; right -= right === 8 ? 3 : 2, up = !up) // column 6 is timing
		for (let step = 0; step < size; step++)
			for (const x of [right, right - 1]) {
				const y = up ? size - 1 - step : step;
				if (rows[y][x] === undefined) set(x, y, (bits[next++] ?? 0) ^ ((x + y) % 3 === 0));
			}
	return rows;
}

const binary = (value, length) => value.toString(2).padStart(length, '0');
const octet = (byte) => binary(byte, 8);

/** The product in GF(256). */
function times(a, b) {
	let product = 0;
	for (let i = 7; i >= 0; i--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> i) & 1) * a);
	return product;
}

function generator(degree) {
	const factors = [...Array(degree - 1).fill(0), 1];
	for (let i = 0, root = 1; i < degree; i++, root = times(root, 2))
		factors.forEach((_, j) => (factors[j] = times(factors[j], root) ^ (factors[j + 1] ?? 0)));
	return factors;
}

function remainder(data, divisor) {
	const rest = divisor.map(() => 0);
	for (const byte of data) {
		const factor = byte ^ rest.shift();
		rest.push(0);
		divisor.forEach((value, i) => (rest[i] ^= times(value, factor)));
	}
	return rest;
}
