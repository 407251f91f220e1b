import { describe, expect, it } from 'vitest';
import { createRandomStock } from '../../src/endpoints/random-stock.ts';

/** Bytes 0, 1, 2, ... in draws of which each goes on where the last one ended. */
function countingDraw() {
  const draws: Uint8Array[] = [];
  let next = 0;
  const draw = (bytes: number): Uint8Array => {
    const drawn = Uint8Array.from({ length: bytes }, () => next++ % 251);
    draws.push(drawn);
    return drawn;
  };
  return { draw, draws };
}

describe('a stock of random bytes', () => {
  it('hands out every byte at most once, in whole pieces of one draw', () => {
    const { draw } = countingDraw();
    const take = createRandomStock(draw);
    const pieces = Array.from({ length: 500 }, () => take(18));
    for (const piece of pieces) expect(piece.every((byte, at) => at === 0 || byte === (piece[at - 1]! + 1) % 251)).toBe(true);
    // 4,096 bytes make 227 whole pieces of 18; what is left of a draw is not used.
    expect(pieces[226]).toEqual(Uint8Array.from({ length: 18 }, (_, at) => (226 * 18 + at) % 251));
    expect(pieces[227]).toEqual(Uint8Array.from({ length: 18 }, (_, at) => (4096 + at) % 251));
  });

  it('keeps nothing of what it has handed out', () => {
    const { draw, draws } = countingDraw();
    const take = createRandomStock(draw);
    const piece = take(32);
    expect(draws[0]!.subarray(0, 32)).toEqual(new Uint8Array(32));
    expect(piece[31]).toBe(31);
  });

  it('hands out what stays as it is, also when the draw is a Buffer', () => {
    const take = createRandomStock((bytes) => Buffer.alloc(bytes, 7));
    const piece = take(18);
    take(18);
    expect(piece).toEqual(new Uint8Array(18).fill(7));
  });

  it('draws what is larger than the stock by itself', () => {
    const { draw, draws } = countingDraw();
    expect(createRandomStock(draw)(5000)).toHaveLength(5000);
    expect(draws.map(({ length }) => length)).toEqual([5000]);
  });
});
