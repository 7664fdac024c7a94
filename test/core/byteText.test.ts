import { expect, test } from "vitest";
import { byteText, memoryText } from "../../src/core/base/byteText.ts";

test.each([
  [0, "0 kB"],
  [1, "1 kB"],
  [999_000, "999 kB"],
  [999_001, "1.0 MB"],
  [4_960_000, "5.0 MB"],
  [9_940_000, "9.9 MB"],
  [9_960_000, "10 MB"],
  [9_999_000, "10 MB"],
  [397_808_192, "398 MB"],
  [999_600_000, "1.00 GB"],
  [4_700_000_000, "4.70 GB"],
  [17_200_000_000, "17.2 GB"],
])("%d bytes are %s", (bytes, text) => {
  expect(byteText(bytes)).toBe(text);
});

test("memory is told as it is sold", () => {
  expect(memoryText(16 * 1024 ** 3)).toBe("16 GB");
  expect(memoryText(25_250_000_000)).toBe("23.5 GB");
});
