/** Draws media/icon.png, 128 × 128: a draft tree whose accepted path is bright. `node tooling/makeIcon.ts` */
import { writeFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";

const SIZE = 128;
const SAMPLES = 4;

type Color = readonly [red: number, green: number, blue: number];
type Point = readonly [x: number, y: number];

const BACKGROUND: Color = [24, 32, 43];
const DIM: Color = [92, 112, 135];
const BRIGHT: Color = [88, 214, 141];

const ROOT: Point = [64, 108];
const NODES: readonly Point[] = [
  [64, 76],
  [92, 76],
  [40, 46],
  [76, 46],
  [60, 20],
  [92, 20],
];
/** From, to: -1 is the root. */
const EDGES: readonly (readonly [from: number, to: number, isAccepted: boolean])[] = [
  [-1, 1, false],
  [0, 2, false],
  [3, 5, false],
  [-1, 0, true],
  [0, 3, true],
  [3, 4, true],
];

const at = (index: number): Point => NODES[index] ?? ROOT;

function distanceToSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const t = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/** The color at a point; undefined outside of the rounded square. */
function colorAt(point: Point): Color | undefined {
  const corner = (value: number) => Math.max(0, Math.abs(value - SIZE / 2) - SIZE / 2 + 24);
  if (Math.hypot(corner(point[0]), corner(point[1])) > 24) return undefined;
  let color = BACKGROUND;
  for (const [from, to, isAccepted] of EDGES) {
    const isNear = distanceToSegment(point, at(from), at(to)) < (isAccepted ? 4 : 3);
    const [x, y] = at(to);
    const isInNode = Math.hypot(point[0] - x, point[1] - y) < 9;
    if (isNear || isInNode) color = isAccepted ? BRIGHT : DIM;
  }
  const isInRoot = Math.hypot(point[0] - ROOT[0], point[1] - ROOT[1]) < 11;
  return isInRoot ? BRIGHT : color;
}

function pixel(x: number, y: number): number[] {
  const sum = [0, 0, 0, 0];
  for (let sample = 0; sample < SAMPLES ** 2; sample++) {
    const offset = (index: number) => (index + 0.5) / SAMPLES;
    const color = colorAt([x + offset(sample % SAMPLES), y + offset(Math.floor(sample / SAMPLES))]);
    if (color === undefined) continue;
    for (const channel of [0, 1, 2]) sum[channel]! += color[channel]!;
    sum[3]!++;
  }
  const numInside = sum[3]!;
  const average = (value: number) => Math.round(value / Math.max(1, numInside));
  const [red = 0, green = 0, blue = 0] = sum;
  return [
    average(red),
    average(green),
    average(blue),
    Math.round((255 * numInside) / SAMPLES ** 2),
  ];
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

const header = Buffer.alloc(13);
header.writeUInt32BE(SIZE, 0);
header.writeUInt32BE(SIZE, 4);
// Eight bits per channel, with alpha.
header.set([8, 6], 8);
const indexes = Array.from({ length: SIZE }, (_, index) => index);
const rows = indexes.flatMap((y) => [0, ...indexes.flatMap((x) => pixel(x, y))]);
const png = Buffer.concat([
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  chunk("IHDR", header),
  chunk("IDAT", deflateSync(Buffer.from(rows), { level: 9 })),
  chunk("IEND", Buffer.alloc(0)),
]);
writeFileSync(new URL("../media/icon.png", import.meta.url), png);
