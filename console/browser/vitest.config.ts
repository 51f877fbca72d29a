import { defineConfig } from "vitest/config";

export default defineConfig({
  cacheDir: "../node_modules/.vite",
  test: {
    root: import.meta.dirname,
    include: ["*.test.ts"],
    globalSetup: "./shop.ts",
    fileParallelism: false,
    testTimeout: 240_000,
    retry: 2, // what a browser draws late is drawn by the next time
    hookTimeout: 180_000,
  },
});
