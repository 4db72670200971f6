/** Mails are asked for, and nothing says to whom. */
import { finding, type Rule } from "./rule.ts";

const error = finding("mail-without-settings", "error");

export const mailWithoutSettings: Rule = ({ site }) =>
  Object.entries(site.pairs)
    .filter(([, { notify }]) => site.mail === undefined && notify.some(({ kind }) => kind === "mail"))
    .map(([name]) =>
      error(
        `pairs.${name}.notify`,
        "mails are sent at every change, and the site has no `mail`.",
        "expected: mail: { to: [...], from: ..., server: ... } in the site",
      ),
    );
