import { expect, test } from "vitest";
import { runs } from "../../../infra/model/track.ts";
import { findingsOf } from "../../support/judge.ts";

const written = (text: string) => ({ pair: { track: { down: runs({ text }) } } });

test("double brackets under sh", () => {
  const found = findingsOf("bash-in-sh", written("#!/bin/sh\n[[ -f /etc/down ]] && exit 1 || exit 0\n"));
  expect(found[0]).toMatchObject({
    place: "pairs.read.track.down",
    message: expect.stringContaining("`[[` is bash"),
  });
});

test("the same under bash, and single ones under sh", () => {
  expect(findingsOf("bash-in-sh", written("#!/bin/bash\n[[ ! -f /etc/down ]]\n"))).toEqual([]);
  expect(findingsOf("bash-in-sh", written("#!/usr/bin/env bash\n[[ ! -f /etc/down ]]\n"))).toEqual([]);
  expect(findingsOf("bash-in-sh", written("#!/bin/sh\n[ ! -f /etc/down ]\n"))).toEqual([]);
});
