import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DomainListDirectory, listNames } from "#daemon/domain-list-directory.ts";

function directory(t: TestContext): { path: string; lists: DomainListDirectory } {
	const path = mkdtempSync(join(tmpdir(), "lists-"));
	t.after(() => rmSync(path, { recursive: true }));
	const lists = new DomainListDirectory(path);
	lists.prepare();
	return { path, lists };
}

test("lists are files by kind and name, and the names are told", (t) => {
	const { path, lists } = directory(t);
	lists.write("domain-list", "banks", Buffer.from("*.bank.example\n"));
	lists.write("category", "health", Buffer.from(".clinic.example\n"));
	const names = listNames(path);
	assert.deepEqual([[...names.domainLists], [...names.categories]], [["banks"], ["health"]]);
	const read = lists.read();
	assert.deepEqual(read.domainList("banks")?.match("a.bank.example"), { entry: "list banks", value: "*.bank.example" });
	assert.equal(read.category("health")?.match("clinic.example")?.entry, "category health");
	assert.equal(read.category("banks"), undefined);
	lists.remove("category", "health");
	assert.equal(lists.read().category("health"), undefined);
});

test("a list is read again when its file is another, and kept when it is the same", (t) => {
	const { lists } = directory(t);
	lists.write("domain-list", "banks", Buffer.from("a.example\n"));
	const first = lists.read().domainList("banks");
	assert.equal(lists.read().domainList("banks"), first);
	lists.write("domain-list", "banks", Buffer.from("b.example\n"));
	const second = lists.read().domainList("banks");
	assert.equal(second?.match("a.example"), undefined);
	assert.equal(second?.match("b.example")?.value, "b.example");
});

test("R145: a list of recommended exemptions in the state directory stands in for the shipped one", (t) => {
	const { path, lists } = directory(t);
	assert.notEqual(lists.read().recommended().match("www.paypal.com"), undefined);
	writeFileSync(join(path, "recommended.list"), ".own.example\n");
	const own = lists.read().recommended();
	assert.equal(own.match("www.paypal.com"), undefined);
	assert.deepEqual(own.match("own.example"), { entry: "the recommended exemptions", value: ".own.example" });
});
