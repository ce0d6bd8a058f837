import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The built page lies in the Python package, which serves it: one script, one style sheet, nothing from elsewhere.
// Files under assets/ carry a hash of their content in their names, so that browsers may keep them for ever.
export default defineConfig({
  plugins: [svelte()],
  base: "/",
  build: {
    outDir: "../oracle/web/dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/v1": "http://127.0.0.1:8000" } },
});
