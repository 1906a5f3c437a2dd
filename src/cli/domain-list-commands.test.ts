import assert from "node:assert/strict";
import { test } from "node:test";
import { domainListRequests, domainListShows } from "#cli/domain-list-commands.ts";
import { operationalCommands } from "#cli/operational-commands.ts";

test("R144: lists are imported, exported and deleted under request, and shown under show", () => {
	const request = operationalCommands.children?.request?.children?.services?.children?.ssl?.children?.proxy;
	assert.equal(request?.children?.["decryption-policy"], domainListRequests);
	const show = operationalCommands.children?.show?.children?.services?.children?.ssl?.children?.proxy;
	assert.equal(show?.children?.categories, domainListShows.categories);
	assert.equal(show?.children?.["domain-lists"], domainListShows["domain-lists"]);
});

test("completion offers the lists that are there", () => {
	for (const verb of ["import", "export", "delete"]) {
		const node = domainListRequests.children?.[verb];
		assert.equal(node?.children?.category?.value?.type.source, "categories");
		assert.equal(node?.children?.["domain-list"]?.value?.type.source, "domain-lists");
	}
});
