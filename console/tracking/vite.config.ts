import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** `--mode web` builds the script for pages, `--mode mini` the module for mini-programs. */
export default defineConfig(({ mode }) => ({
  publicDir: false,
  build: {
    outDir: here("../../api/tracking/built"),
    emptyOutDir: false,
    target: "es2017",
    lib:
      mode === "web"
        ? { entry: here("web.ts"), formats: ["iife"], name: "aftershowScript", fileName: () => "aftershow.js" }
        : { entry: here("mini.ts"), formats: ["cjs"], fileName: () => "aftershow.mini.js" },
  },
}));
