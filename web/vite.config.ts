import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The built page lies in the Python package, which serves it: one script, one style sheet, nothing from elsewhere.
export default defineConfig({
  plugins: [svelte()],
  base: "/",
  build: {
    outDir: "../oracle/web",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        entryFileNames: "assets/page.js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/page[extname]",
      },
    },
  },
  server: { proxy: { "/v1": "http://127.0.0.1:8000" } },
});
