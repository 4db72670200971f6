/** Finds the site that the stack names, among the files of `sites/`. */
import { readdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Finding } from "../model/finding.ts";
import { readSite, type Site } from "../model/site.ts";
import { didYouMean } from "../model/suggest.ts";

const sites = fileURLToPath(new URL("../sites/", import.meta.url));

export interface Loaded {
  /** As a person looks for it: `sites/mysql-read-vip.ts`. */
  file: string;
  site: Site | undefined;
  findings: Finding[];
}

/** Validates whatever the file exports; an unknown name is a finding as well. */
export async function loadSite(name: string, folder = sites): Promise<Loaded> {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length))
    .sort();
  const file = `sites/${name}.ts`;
  if (!names.includes(name)) {
    const message = `there is no site \`${name}\``;
    const remedy = didYouMean(name, names);
    const finding: Finding = {
      code: "unknown-site",
      severity: "error",
      place: "understudy:site",
      message,
      remedy,
    };
    return { file: "", site: undefined, findings: [finding] };
  }
  const module: { default?: unknown } = await import(`${pathToFileURL(folder)}/${name}.ts`);
  const { site, findings } = readSite(module.default);
  return { file, site, findings };
}
