import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { cachePath } from "../infra/machine/cache.ts";

/** Beside keepalived in namespaces of this machine: mostly waiting, so that many run at once. */
const beside = ["test/differential/**/*.test.ts", "test/interop/**/*.test.ts"];
/** Needs the lab's hosts, or minutes; runs one file after the other. */
const slow = ["test/e2e/**/*.test.ts", "test/engine-lab/**/*.test.ts"];
const minutes = 60_000;

export default defineConfig({
  root: join(import.meta.dirname, ".."),
  cacheDir: cachePath("vitest"),
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...slow, ...beside],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: "beside",
          include: beside,
          maxConcurrency: 14,
          testTimeout: 4 * minutes,
          hookTimeout: 20 * minutes,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: slow,
          fileParallelism: false,
          testTimeout: 10 * minutes,
          hookTimeout: 20 * minutes,
        },
      },
    ],
  },
});
