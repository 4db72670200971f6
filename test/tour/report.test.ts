import { expect, test } from "vitest";
import { masterDownMs } from "../../infra/tour/report.ts";

test.each([
  // advert, priority, missed -> RFC 3768 §6.1: 3 x Advertisement_Interval + (256 - Priority) / 256 of it
  [1000, 90, 3, 3648.4375],
  [1000, 254, 3, 3007.8125],
  [100, 100, 3, 360.9375],
  [1000, 100, 5, 5609.375],
])("adverts every %d ms, priority %d, %d missed: %d ms", (advertMs, priority, missed, bound) => {
  expect(masterDownMs(advertMs, priority, missed)).toBeCloseTo(bound, 3);
});
