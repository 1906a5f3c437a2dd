import assert from "node:assert/strict";
import { test } from "node:test";
import { openFilesLimit, sessionsOfFiles } from "#base/open-files.ts";

const limits = (soft: string) =>
	`Limit                     Soft Limit           Hard Limit           Units     \nMax processes             95880                95880                processes \nMax open files            ${soft.padEnd(20)} 1048576              files     \n`;

test("the soft limit of open files is read", () => {
	assert.equal(openFilesLimit(limits("1024")), 1_024);
	assert.equal(openFilesLimit(limits("unlimited")), undefined);
	assert.equal(openFilesLimit(""), undefined);
});

test("a session takes two, and some are left for everything else", () => {
	assert.equal(sessionsOfFiles(1_024), 384);
	assert.equal(sessionsOfFiles(20_000), 9_872);
	assert.equal(sessionsOfFiles(64), 1);
});
