/** Which installed npm packages need a Pulumi plugin. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface ResourcePackage {
  name: string;
  version: string;
}

interface Manifest {
  name: string;
  version: string;
  pulumi?: { resource?: boolean; name?: string; version?: string };
}

/** The packages in the nearest `node_modules` at or above `folder` whose package.json says `pulumi.resource`. */
export function resourcePackages(folder: string): ResourcePackage[] {
  const modules = nearestModules(folder);
  if (!modules) return [];
  return packageNames(modules).flatMap((name) => {
    const path = join(modules, name, "package.json");
    if (!existsSync(path)) return [];
    const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
    if (!manifest.pulumi?.resource) return [];
    const version = manifest.pulumi.version ?? manifest.version;
    return [{ name: manifest.pulumi.name ?? manifest.name, version: version.replace(/^v/, "") }];
  });
}

function nearestModules(folder: string): string | undefined {
  const modules = join(folder, "node_modules");
  if (existsSync(modules)) return modules;
  return dirname(folder) === folder ? undefined : nearestModules(dirname(folder));
}

function packageNames(modules: string): string[] {
  return readdirSync(modules).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
}
