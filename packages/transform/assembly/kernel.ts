/* eslint-disable max-params -- a record would have to live in memory here; these are registers */
/**
 * The fast path of this package, in AssemblyScript with WebAssembly SIMD: an affine bilinear warp and a contrast
 * change of one 8-bit RGB picture. `src/reference.ts` is the readable definition of both; a test holds them
 * together. Compiled by tools/build-wasm.mjs, driven by src/transformer.ts.
 *
 * Memory: the affine (six f64), then [guard | source | slack | guard | target | slack], pictures as rows
 * of R, G, B bytes without padding. Coordinates are brought inside by arithmetic, and a neighbour outside the
 * picture has weight 0, so what is read in its place (the guards, the next row) never counts. Sides are at most
 * 32,766 pixels and coordinates below 2^22: the caller sees to it.
 */

const REFLECT = 0;
const CONSTANT = 2;

/** Weights of the four neighbours are fractions of 2^14: they fit signed 16-bit lanes and add up exactly. */
const WEIGHT_BITS = 14;
const WEIGHT_ONE = 1 << WEIGHT_BITS;

const affine: usize = memory.data(6 * 8, 8);
let width: i32 = 0;
let height: i32 = 0;
let source: usize = 0;
let target: usize = 0;

/** Where the caller writes the six f64 of the affine: output pixel -> input pixel. */
export function affineAddress(): usize {
  return affine;
}

/** Where the caller writes the picture. */
export function sourceAddress(): usize {
  return source;
}

/** Where the caller reads the result. */
export function targetAddress(): usize {
  return target;
}

/** Lays the memory out for pictures of one size, and grows it; false when there is not that much of it. */
export function configure(pictureWidth: i32, pictureHeight: i32): bool {
  width = pictureWidth;
  height = pictureHeight;
  const row = <u64>width * 3;
  const guard = (row * 2 + 64) & ~15;
  const picture = (row * height + 79) & ~15; // with slack
  const start = ((__heap_base + 15) & ~15) + guard;
  const end = start + picture + guard + picture;
  if (end > 0xffff0000) return false;
  source = <usize>start;
  target = <usize>(start + picture + guard);
  const missing = <i32>((end + 0xffff) >>> 16) - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

/** (d c b a | a b c d | d c b a), continuously; up to one pixel outside is left for the caller to clamp. */
function reflect(coordinate: v128, period: v128, inversePeriod: v128): v128 {
  const turns = f32x4.floor(f32x4.mul(coordinate, inversePeriod));
  const folded = f32x4.sub(coordinate, f32x4.mul(turns, period));
  return f32x4.pmin(folded, f32x4.sub(f32x4.sub(period, f32x4.splat(1)), folded));
}

/**
 * The nearest integers of lanes in (-2^22, 2^22): adding 1.5 * 2^23 leaves them in the low bits of the sum. One
 * addition where a saturating conversion takes five instructions.
 */
function integers(lanes: v128): v128 {
  return i32x4.sub(f32x4.add(lanes, f32x4.splat(12582912)), i32x4.splat(0x4b400000));
}

/** One output pixel as four i32 (R, G, B, 0): the weighted sum of 2 x 2 input pixels, rounded half up. */
function blend(address: usize, upperWeights: v128, lowerWeights: v128): v128 {
  // The bytes r g b R G B of two neighbours become the 16-bit lanes r R g G b B 0 0; index 128 gives zero.
  const pairs = i8x16(0, -128, 3, -128, 1, -128, 4, -128, 2, -128, 5, -128, -128, -128, -128, -128);
  const upper = v128.swizzle(v128.load64_zero(address), pairs);
  const lower = v128.swizzle(v128.load64_zero(address + width * 3), pairs);
  const sum = i32x4.add(i32x4.dot_i16x8_s(upper, upperWeights), i32x4.dot_i16x8_s(lower, lowerWeights));
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(WEIGHT_ONE >> 1)), WEIGHT_BITS);
}

/** All lanes of a result: -1 where 0 <= lane < bound. */
function inside(lanes: v128, bound: i32): v128 {
  return i32x4.lt_u(lanes, i32x4.splat(bound));
}

/**
 * Fills the target with the warped source.
 * @param fill 0 reflect, 1 nearest, 2 constant (black)
 */
export function warp(fill: i32): void {
  const bx = load<f64>(affine, 8);
  const cx = load<f64>(affine, 16);
  const by = load<f64>(affine, 32);
  const cy = load<f64>(affine, 40);
  for (let y = 0; y < height; y++) warpRow(y, <f32>(bx * y + cx), <f32>(by * y + cy), fill);
}

/** One row, four pixels at a time; the up to 13 bytes written past its end are the next row's or slack. */
function warpRow(y: i32, startX: f32, startY: f32, fill: i32): void {
  const stepX = f32x4.splat(<f32>load<f64>(affine, 0));
  const stepY = f32x4.splat(<f32>load<f64>(affine, 24));
  const lowest = f32x4.splat(fill === CONSTANT ? -1 : 0);
  const highestX = f32x4.splat(<f32>(fill === CONSTANT ? width : width - 1));
  const highestY = f32x4.splat(<f32>(fill === CONSTANT ? height : height - 1));
  const periodX = f32x4.splat(2 * <f32>width);
  const periodY = f32x4.splat(2 * <f32>height);
  const inverseX = f32x4.splat(0.5 / <f32>width);
  const inverseY = f32x4.splat(0.5 / <f32>height);
  let column = f32x4(0, 1, 2, 3);
  let to = target + <usize>(y * width * 3);
  for (let x = 0; x < width; x += 4) {
    const inX = f32x4.add(f32x4.mul(stepX, column), f32x4.splat(startX));
    const inY = f32x4.add(f32x4.mul(stepY, column), f32x4.splat(startY));
    let nearX = f32x4.pmin(f32x4.pmax(inX, lowest), highestX);
    let nearY = f32x4.pmin(f32x4.pmax(inY, lowest), highestY);
    // Most groups of four lie wholly inside: one predictable branch spares them the folding.
    if (fill === REFLECT && v128.any_true(v128.or(f32x4.ne(inX, nearX), f32x4.ne(inY, nearY)))) {
      nearX = f32x4.pmin(f32x4.pmax(reflect(inX, periodX, inverseX), lowest), highestX);
      nearY = f32x4.pmin(f32x4.pmax(reflect(inY, periodY, inverseY), lowest), highestY);
    }
    v128.store(to, warpFour(nearX, nearY, fill));
    column = f32x4.add(column, f32x4.splat(4));
    to += 12;
  }
}

/** Four output pixels as 12 bytes (and 4 zero bytes) from their coordinates in the input. */
function warpFour(inX: v128, inY: v128, fill: i32): v128 {
  const floorX = f32x4.floor(inX);
  const floorY = f32x4.floor(inY);
  const left = integers(floorX);
  const top = integers(floorY);
  // At most WEIGHT_ONE - 1, so that twice it fits the rounding product of 16-bit lanes: (a * 2b + 2^14) >> 15.
  const scale = f32x4.splat(<f32>(WEIGHT_ONE - 1));
  const right = integers(f32x4.mul(f32x4.sub(inX, floorX), scale));
  const below = integers(f32x4.mul(f32x4.sub(inY, floorY), scale));
  let lowerRight = i16x8.q15mulr_sat_s(right, i32x4.add(below, below));
  let upperRight = i32x4.sub(right, lowerRight);
  let lowerLeft = i32x4.sub(below, lowerRight);
  let upperLeft = i32x4.sub(i32x4.sub(i32x4.splat(WEIGHT_ONE), right), lowerLeft);
  if (fill === CONSTANT) {
    const rightIn = inside(i32x4.add(left, i32x4.splat(1)), width);
    const leftIn = inside(left, width);
    const belowIn = inside(i32x4.add(top, i32x4.splat(1)), height);
    const topIn = inside(top, height);
    upperLeft = v128.and(upperLeft, v128.and(leftIn, topIn));
    upperRight = v128.and(upperRight, v128.and(rightIn, topIn));
    lowerLeft = v128.and(lowerLeft, v128.and(leftIn, belowIn));
    lowerRight = v128.and(lowerRight, v128.and(rightIn, belowIn));
  }
  // top * width + left, in pixels: top fits the lower of two 16-bit lanes, the upper counts 0.
  const pixel = i32x4.add(i32x4.dot_i16x8_s(top, i32x4.splat(width)), left);
  return blendFour(
    i32x4.add(i32x4.add(pixel, pixel), pixel),
    v128.or(upperLeft, i32x4.shl(upperRight, 16)),
    v128.or(lowerLeft, i32x4.shl(lowerRight, 16)),
  );
}

/** Four output pixels from the byte offsets of their upper left neighbours and their packed weights. */
function blendFour(offsets: v128, upper: v128, lower: v128): v128 {
  const first = blend(
    source + i32x4.extract_lane(offsets, 0),
    v128.shuffle<i32>(upper, upper, 0, 0, 0, 0),
    v128.shuffle<i32>(lower, lower, 0, 0, 0, 0),
  );
  const second = blend(
    source + i32x4.extract_lane(offsets, 1),
    v128.shuffle<i32>(upper, upper, 1, 1, 1, 1),
    v128.shuffle<i32>(lower, lower, 1, 1, 1, 1),
  );
  const third = blend(
    source + i32x4.extract_lane(offsets, 2),
    v128.shuffle<i32>(upper, upper, 2, 2, 2, 2),
    v128.shuffle<i32>(lower, lower, 2, 2, 2, 2),
  );
  const fourth = blend(
    source + i32x4.extract_lane(offsets, 3),
    v128.shuffle<i32>(upper, upper, 3, 3, 3, 3),
    v128.shuffle<i32>(lower, lower, 3, 3, 3, 3),
  );
  const bytes = i8x16.narrow_i16x8_u(
    i16x8.narrow_i32x4_s(first, second),
    i16x8.narrow_i32x4_s(third, fourth),
  );
  return v128.swizzle(bytes, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -128, -128, -128, -128));
}

/**
 * Contrast about the mean of the grey picture, in place in the target, as Pillow's ImageEnhance.Contrast: grey is
 * (19595 R + 38470 G + 7471 B + 32768) >> 16, its mean is rounded to an integer, the result is cut to one.
 */
export function contrastGrey(factor: f32): void {
  const pixels = width * height;
  // 38470 does not fit a signed 16-bit lane: green counts half with red and half with blue.
  const redGreen = i8x16(0, -128, 1, -128, 3, -128, 4, -128, 6, -128, 7, -128, 9, -128, 10, -128);
  const blueGreen = i8x16(2, -128, 1, -128, 5, -128, 4, -128, 8, -128, 7, -128, 11, -128, 10, -128);
  const redWeights = i16x8(19595, 19235, 19595, 19235, 19595, 19235, 19595, 19235);
  const blueWeights = i16x8(7471, 19235, 7471, 19235, 7471, 19235, 7471, 19235);
  let total: i64 = 0;
  let sums = i32x4.splat(0);
  clearSlack();
  for (let pixel = 0; pixel < pixels; pixel += 4) {
    const bytes = v128.load(target + pixel * 3);
    const grey = i32x4.add(
      i32x4.dot_i16x8_s(v128.swizzle(bytes, redGreen), redWeights),
      i32x4.dot_i16x8_s(v128.swizzle(bytes, blueGreen), blueWeights),
    );
    sums = i32x4.add(sums, i32x4.shr_u(i32x4.add(grey, i32x4.splat(0x8000)), 16));
    if ((pixel & 0xffff) === 0) {
      total += addLanes(sums);
      sums = i32x4.splat(0);
    }
  }
  total += addLanes(sums);
  const mean = <f32>Math.floor(<f64>total / <f64>pixels + 0.5);
  spread(factor, 0, mean, mean, mean);
}

/** Contrast about the mean of each channel, in place in the target, as Keras' RandomContrast; rounded half up. */
export function contrastChannels(factor: f32): void {
  const pixels = width * height;
  const firstTwo = i8x16(0, -128, 3, -128, 1, -128, 4, -128, 2, -128, 5, -128, -128, -128, -128, -128);
  const lastTwo = i8x16(6, -128, 9, -128, 7, -128, 10, -128, 8, -128, 11, -128, -128, -128, -128, -128);
  const ones = i16x8.splat(1);
  let red: i64 = 0;
  let green: i64 = 0;
  let blue: i64 = 0;
  let sums = i32x4.splat(0);
  clearSlack();
  for (let pixel = 0; pixel < pixels; pixel += 4) {
    const bytes = v128.load(target + pixel * 3);
    sums = i32x4.add(
      sums,
      i32x4.add(
        i32x4.dot_i16x8_s(v128.swizzle(bytes, firstTwo), ones),
        i32x4.dot_i16x8_s(v128.swizzle(bytes, lastTwo), ones),
      ),
    );
    if ((pixel & 0xffff) === 0 || pixel + 4 >= pixels) {
      red += i32x4.extract_lane(sums, 0);
      green += i32x4.extract_lane(sums, 1);
      blue += i32x4.extract_lane(sums, 2);
      sums = i32x4.splat(0);
    }
  }
  const count = <f64>pixels;
  spread(factor, 0.5, <f32>(<f64>red / count), <f32>(<f64>green / count), <f32>(<f64>blue / count));
}

/** Zeroes the bytes after the target, which the last step of a sum reads with it. */
function clearSlack(): void {
  v128.store(target + width * height * 3, i32x4.splat(0));
}

function addLanes(lanes: v128): i64 {
  return (
    <i64>i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3)
  );
}

/** Every byte v of the target becomes mean + factor (v - mean) + rounding, clipped to [0, 255] and truncated. */
function spread(factor: f32, rounding: f32, red: f32, green: f32, blue: f32): void {
  let first = f32x4(red, green, blue, red);
  let second = f32x4(green, blue, red, green);
  let third = f32x4(blue, red, green, blue);
  const end = target + width * height * 3;
  for (let at = target; at < end; at += 16) {
    const bytes = v128.load(at);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    const a = spreadFour(i32x4.extend_low_i16x8_u(low), first, factor, rounding);
    const b = spreadFour(i32x4.extend_high_i16x8_u(low), second, factor, rounding);
    const c = spreadFour(i32x4.extend_low_i16x8_u(high), third, factor, rounding);
    const d = spreadFour(i32x4.extend_high_i16x8_u(high), first, factor, rounding);
    v128.store(at, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
    // Sixteen bytes are five pixels and a third: the next ones start one channel later.
    const passed = first;
    first = second;
    second = third;
    third = passed;
  }
}

function spreadFour(values: v128, means: v128, factor: f32, rounding: f32): v128 {
  const away = f32x4.sub(f32x4.convert_i32x4_s(values), means);
  const spread = f32x4.add(means, f32x4.mul(f32x4.splat(factor), away));
  return integers(f32x4.floor(f32x4.add(spread, f32x4.splat(rounding))));
}
