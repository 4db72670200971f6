/** Reads `templates/` for the renderer, which reads nothing itself. */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import type { Templates } from "../render/render.ts";

/** All templates below `folder`, by their path there without `.hbs`. */
export function loadTemplates(folder: string): Templates {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".hbs"))
    .sort();
  const nameOf = (file: string) => file.slice(0, -".hbs".length).split(sep).join("/");
  return new Map(files.map((file) => [nameOf(file), readFileSync(join(folder, file), "utf8")]));
}
