import { createHash } from 'node:crypto';

/** Cells on each side of the symmetric pattern, and their size in pixels. */
const cells = 5;
const cellSize = 16;

/** Draws a pattern that stands for a name, as SVG. */
export function drawAvatar(name: string): string {
  const digest = createHash('sha256').update(name).digest();
  const size = (cells + 1) * cellSize;
  const hue = Math.round((digest[0]! / 256) * 360);
  let squares = '';
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      // The right half mirrors the left.
      const source = row * cells + Math.min(column, cells - 1 - column) + 1;
      if (digest[source]! % 2 === 0) continue;
      const x = (column + 0.5) * cellSize;
      const y = (row + 0.5) * cellSize;
      squares += `<rect x="${x}" y="${y}" width="${cellSize}" height="${cellSize}"/>`;
    }
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}">` +
    `<rect width="100%" height="100%" fill="hsl(${hue}, 45%, 90%)"/>` +
    `<g fill="hsl(${hue}, 55%, 42%)">${squares}</g></svg>`
  );
}
