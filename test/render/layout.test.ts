import { expect, test } from "vitest";
import { column, layout, nothing } from "../../infra/render/layout.ts";

test("braces indent, neighbours share a column, lines without words vanish", () => {
  const text = [
    "a {",
    `      state${column}BACKUP`,
    nothing,
    `virtual_router_id${column}51`,
    "",
    "",
    "peer {",
    '"{" # } no brace',
    "}",
    `x${column}1`,
    "",
    "}",
    "",
  ].join("\n");
  expect(layout(text)).toBe(
    [
      "a {",
      "    state             BACKUP",
      "    virtual_router_id 51",
      "",
      "    peer {",
      '        "{" # } no brace',
      "    }",
      "    x 1",
      "}",
      "",
    ].join("\n"),
  );
});
