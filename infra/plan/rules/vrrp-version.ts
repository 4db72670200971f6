/** What VRRP version 2 or 3 can't do. */
import { versionOf } from "../instances.ts";
import { finding, type Rule } from "./rule.ts";

const error = finding("vrrp-version", "error");

export const vrrpVersion: Rule = ({ pairs }) =>
  pairs.flatMap((pair) => {
    const { name, model } = pair;
    const version = versionOf(pair);
    const found = [];
    if (version === 2 && model.adverts % 1000 !== 0) {
      const message = `adverts every ${model.adverts} ms: version 2 counts in whole seconds.`;
      found.push(error(`pairs.${name}.adverts`, message, "expected: whole seconds, or version 3"));
    }
    const longest = version === 2 ? 255_000 : 40_950;
    if (model.adverts > longest || model.adverts < 10) {
      const message = `adverts every ${model.adverts} ms are not possible in version ${version}.`;
      found.push(error(`pairs.${name}.adverts`, message, `expected: 10ms to ${longest}ms`));
    }
    if (version === 3 && model.auth !== undefined) {
      const message = "version 3 has no password: it would never be sent or compared.";
      const remedy = "expected: no `auth`, or `version: 2` with adverts in whole seconds";
      found.push(error(`pairs.${name}.auth`, message, remedy));
    }
    return found;
  });
