import { defineConfig } from "vitest/config";
import Order from "./order";

export default defineConfig({
  cacheDir: "../node_modules/.vite",
  test: {
    root: import.meta.dirname,
    include: ["*.test.ts"],
    globalSetup: "./shop.ts",
    // One browser serves all files, one after the other; in each, two visits go side by side.
    fileParallelism: false,
    isolate: false,
    maxConcurrency: 2,
    sequence: { sequencer: Order },
    // A page's own clock is real time: on a busy machine something may be over before it is looked at.
    retry: 2,
    testTimeout: 240_000,
    hookTimeout: 400_000,
  },
});
