/** What a secret may look like, judged when its value is known: it lands in a file as it is. */
import type { Finding } from "../../model/finding.ts";
import type { SecretUse } from "../host-plan.ts";
import { finding } from "./rule.ts";

const tooLong = finding("auth-pass-too-long", "error");
const unwritable = finding("secret-unwritable", "error");

/** The message never holds the value. */
export function secretFindings(name: string, use: SecretUse, value: string): Finding[] {
  const found: Finding[] = [];
  const bytes = new TextEncoder().encode(value).length;
  if (use === "vrrp-password" && bytes > 8) {
    const message = `the secret \`${name}\` has ${bytes} bytes: VRRP sends 8 of them, and the rest would be cut off.`;
    found.push(tooLong(name, message, "expected: 8 characters at most"));
  }
  if (value === "" || /["\\\p{Cc}]/u.test(value) || (use === "vrrp-password" && value.includes("$"))) {
    const signs =
      use === "vrrp-password" ? "quotes, `\\`, `$` or line breaks" : "double quotes, `\\` or line breaks";
    const message = `the secret \`${name}\` is empty, or has ${signs}, which its file can't hold.`;
    found.push(unwritable(name, message, `expected: text without ${signs}`));
  }
  return found;
}
