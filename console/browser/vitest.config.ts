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
    testTimeout: 240_000,
    hookTimeout: 400_000,
  },
});
