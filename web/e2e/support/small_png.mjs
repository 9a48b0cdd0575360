// SPDX-License-Identifier: Apache-2.0
// PNG with a palette: pages have few colours, and pictures of them are a fifth of the size so.
import { deflateSync } from 'node:zlib';

const mostColours = 256;

const crcTable = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; ++k) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4);
  return out;
}

/** The colours that are most used, in 32 steps a channel; the rest takes the nearest of them. */
function paletteOf(rgba) {
  const used = new Map();
  for (let i = 0; i < rgba.length; i += 4) {
    const key = ((rgba[i] >> 3) << 10) | ((rgba[i + 1] >> 3) << 5) | (rgba[i + 2] >> 3);
    const c = used.get(key);
    if (c) c.n += 1;
    else used.set(key, { key, n: 1, rgb: [rgba[i], rgba[i + 1], rgba[i + 2]] });
  }
  const all = [...used.values()].sort((a, b) => b.n - a.n);
  const kept = all.slice(0, mostColours);
  const index = new Map(kept.map((c, n) => [c.key, n]));
  const far = (a, b) => a.reduce((sum, v, n) => sum + (v - b[n]) ** 2, 0);
  for (const c of all.slice(mostColours)) {
    let best = 0;
    for (let n = 1; n < kept.length; ++n) if (far(kept[n].rgb, c.rgb) < far(kept[best].rgb, c.rgb)) best = n;
    index.set(c.key, best);
  }
  return { kept, index };
}

/** `picture` as pngjs reads it: width, height, and four bytes a pixel. */
export function smallPng({ width, height, data }) {
  const { kept, index } = paletteOf(data);
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0, at = 0; y < height; ++y)
    for (let x = 0; x < width; ++x, at += 4)
      lines[y * (width + 1) + 1 + x] = index.get(((data[at] >> 3) << 10) | ((data[at + 1] >> 3) << 5) | (data[at + 2] >> 3));
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head), chunk('PLTE', Buffer.from(kept.flatMap((c) => c.rgb))), chunk('IDAT', deflateSync(lines, { level: 9 })), chunk('IEND', Buffer.alloc(0)),
  ]);
}
