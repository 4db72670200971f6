/** The inputs of a host: refused where they could not be carried out, and brought into the form that Read returns. */
import type { Failure, Json, Props } from "../rpc.ts";
import { unknownValue } from "../rpc.ts";
import type { HostArgs } from "./schema.ts";

interface Rule {
  property: keyof HostArgs;
  /** What a key of the map must look like. */
  key: RegExp;
  expected: string;
}

const rules: Rule[] = [
  {
    property: "files",
    key: /^(\/[^/\t\n]+)+$/,
    expected: "an absolute path without `//`, a slash at its end, tabs or newlines",
  },
  {
    property: "sysctls",
    key: /^[A-Za-z0-9_]+([./][A-Za-z0-9_@:-]+)+$/,
    expected: "a key as `net.ipv4.ip_forward`",
  },
  { property: "addresses", key: /^[^\s/]{1,15}$/, expected: "a device as `lo`" },
  { property: "units", key: /^[A-Za-z0-9@._:-]+\.[a-z]+$/, expected: "a unit as `understudy.service`" },
  { property: "secrets", key: /^[A-Za-z0-9_.-]+$/, expected: "a name of letters, digits, `_`, `.`, `-`" },
];

export function checkHost(news: Props): { inputs: Props; failures: Failure[] } {
  const failures: Failure[] = [];
  for (const { property, key, expected } of rules) {
    const map = news[property];
    if (map === unknownValue) continue;
    if (!isMap(map)) {
      failures.push({ property, reason: "is missing" });
      continue;
    }
    for (const name of Object.keys(map))
      if (!key.test(name) || name.split("/").includes(".."))
        failures.push({ property: `${property}[${JSON.stringify(name)}]`, reason: `expected: ${expected}` });
  }
  const connection = news.connection;
  if (isMap(connection) && /^-|\s/.test(String(connection.host)))
    failures.push({ property: "connection.host", reason: "expected: an address or a name" });
  return { inputs: normalise(news), failures };
}

const isMap = (value: Json | undefined): value is Props =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Defaults, sorted sets and lower case: so that a diff is a comparison. */
function normalise(news: Props): Props {
  return {
    ...news,
    files: eachOf(news.files, (file) => ({ mode: "0644", owner: "root:root", ...file })),
    marks: eachOf(news.marks, (rule) => ({ ...rule, exceptMacs: sorted(rule.exceptMacs) })),
    accepts: eachOf(news.accepts, (rule) => ({ ...rule, sources: sorted(rule.sources) })),
  };
}

const sorted = (list: Json | undefined): Json =>
  Array.isArray(list) ? list.map((item) => String(item).toLowerCase()).sort() : (list ?? []);

function eachOf(map: Json | undefined, change: (entry: Props) => Props): Json {
  if (!isMap(map)) return map ?? {};
  return Object.fromEntries(
    Object.entries(map).map(([name, entry]) => [name, isMap(entry) ? change(entry) : entry]),
  );
}
