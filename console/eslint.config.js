import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import imports from "eslint-plugin-import-x";
import { readdirSync } from "node:fs";
import ts from "typescript-eslint";

const pages = readdirSync(new URL("src/pages", import.meta.url));

/** Imports go one way: app → pages → parts → api; a page doesn't know another. */
const zones = [
  { target: "./src/api", from: ["./src/app", "./src/pages", "./src/parts"] },
  { target: "./src/parts", from: ["./src/app", "./src/pages"] },
  { target: "./src/pages", from: "./src/app" },
  ...pages.map((page) => ({ target: `./src/pages/${page}`, from: "./src/pages", except: [`./${page}`] })),
];

export default ts.config(
  { ignores: ["src/api/schema.d.ts", "eslint.config.js"] },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  hooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "import-x": imports },
    settings: { "import-x/resolver": { typescript: true } },
    rules: {
      "import-x/no-restricted-paths": ["error", { zones }],
      "import-x/no-cycle": "error",
      "@typescript-eslint/consistent-type-definitions": ["error", "interface"],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/only-throw-error": [
        "error",
        { allow: [{ from: "package", package: "@tanstack/router-core", name: "Redirect" }] },
      ],
    },
  },
);
