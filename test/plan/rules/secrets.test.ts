import { expect, test } from "vitest";
import { secretFindings } from "../../../infra/plan/rules/index.ts";

test("VRRP sends eight bytes of a password", () => {
  const [found] = secretFindings("edge-vrrp", "vrrp-password", "123456789");
  expect(found).toMatchObject({ code: "auth-pass-too-long", place: "edge-vrrp" });
  expect(secretFindings("edge-vrrp", "vrrp-password", "12345678")).toEqual([]);
  expect(secretFindings("edge-vrrp", "vrrp-password", "1234567ü")).toHaveLength(1);
});

test.each(['a"b', "a\\b", "a\nb", ""])("what a file can't hold: %j", (value) => {
  expect(secretFindings("monitor-password", "mysql-password", value)).toMatchObject([
    { code: "secret-unwritable" },
  ]);
});

test("no message holds the value", () => {
  const found = secretFindings("edge-vrrp", "vrrp-password", 'hush"hush"hush');
  expect(found).toHaveLength(2);
  expect(JSON.stringify(found)).not.toContain("hush");
});

test("long passwords with signs are fine for MySQL", () => {
  expect(secretFindings("monitor-password", "mysql-password", "correct horse; #battery $taple '")).toEqual(
    [],
  );
});
