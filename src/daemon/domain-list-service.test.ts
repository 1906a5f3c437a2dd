import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DomainListService, type ListSource } from "#daemon/domain-list-service.ts";

function service(t: TestContext, apply: () => Promise<void> = async () => undefined) {
	const path = mkdtempSync(join(tmpdir(), "lists-"));
	t.after(() => rmSync(path, { recursive: true }));
	const reports: string[] = [];
	const report = (change: string, user: string) => reports.push(`${user}: ${change}`);
	const lists = new DomainListService({ directory: join(path, "lists"), apply, report });
	const file = (name: string, text: string) => {
		writeFileSync(join(path, name), text);
		return join(path, name);
	};
	return { path, lists, reports, file };
}

const plain = (name: string, file: string): ListSource => {
	return { kind: "domain-list", name, file, format: "plain", ignoresErrors: false };
};

test("R144: what is exported is what was imported, in normal form", async (t) => {
	const { path, lists, reports, file } = service(t);
	const source = plain("banks", file("banks.txt", "# ours\n*.Bank.example\nshop.example\n"));
	assert.deepEqual(await lists.import([source], "pat"), [{ name: "banks", entries: 2, passedOver: 0, errorCount: 0 }]);
	assert.deepEqual(reports, ["pat: list banks was imported"]);
	const out = join(path, "out.txt");
	assert.equal(lists.export("domain-list", "banks", out), 2);
	assert.equal(readFileSync(out, "utf8"), "*.bank.example\nshop.example\n");
	assert.throws(() => lists.export("domain-list", "banks", out), /exists already/);
	assert.throws(() => lists.export("domain-list", "none", out), /list none is not loaded/);
});

test("R144: a file with a wrong line is refused with the line, unless wrong lines are ignored", async (t) => {
	const { lists, file } = service(t);
	const source = plain("banks", file("banks.txt", "a.example\nno name\n"));
	await assert.rejects(lists.import([source], "pat"), /banks\.txt:2: expected a host name, got "no name"/);
	assert.equal(lists.lists().domainList("banks"), undefined);
	await lists.import([{ ...source, ignoresErrors: true }], "pat");
	assert.equal(lists.lists().domainList("banks")?.size, 1);
	await assert.rejects(lists.import([plain("x", "banks.txt")], "pat"), /expected the absolute path/);
	await assert.rejects(lists.import([plain("x", file("empty", "# none\n"))], "pat"), /holds no name/);
});

test("R141: the categories of a directory are its folders that hold domains", async (t) => {
	const { path, lists, file } = service(t);
	for (const name of ["bank", "health", "urls-only"]) mkdirSync(join(path, name));
	file("bank/domains", "bank.example\n192.0.2.9\n");
	file("health/domains", "clinic.example\n");
	const reports = await lists.import(lists.categoriesIn(path, false), "pat");
	assert.deepEqual(
		reports.map(({ name, entries, passedOver }) => [name, entries, passedOver]),
		[
			["bank", 1, 1],
			["health", 1, 0],
		],
	);
	assert.equal(lists.lists().category("bank")?.match("my.bank.example")?.value, ".bank.example");
	assert.throws(() => lists.categoriesIn(join(path, "urls-only"), false), /holds no category/);
});

test("lists that a worker cannot take up are put back as they were", async (t) => {
	let isBroken = false;
	const { lists, reports, file } = service(t, async () => {
		if (isBroken) throw new Error("a worker did not answer");
	});
	await lists.import([plain("banks", file("one", "one.example\n"))], "pat");
	isBroken = true;
	await assert.rejects(lists.import([plain("banks", file("two", "two.example\n"))], "pat"), /did not answer/);
	await assert.rejects(lists.delete("domain-list", "banks", "pat"), /did not answer/);
	assert.notEqual(lists.lists().domainList("banks")?.match("one.example"), undefined);
	assert.equal(reports.length, 1);
});

test("R145: the recommended exemptions are exported, and the own list is deleted to have them back", async (t) => {
	const { path, lists, file } = service(t);
	const shipped = join(path, "shipped.txt");
	assert.ok(lists.export("recommended", "", shipped) > 10);
	const own: ListSource = { ...plain("", file("own", ".own.example\n")), kind: "recommended" };
	await lists.import([own], "pat");
	assert.equal(lists.lists().recommended().size, 1);
	await lists.delete("recommended", "", "pat");
	await lists.import([{ ...own, file: shipped }], "pat");
	assert.notEqual(lists.lists().recommended().match("www.paypal.com"), undefined);
});
