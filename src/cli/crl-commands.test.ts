import assert from "node:assert/strict";
import { test } from "node:test";
import { crlClears, crlRequests, crlShows } from "#cli/crl-commands.ts";
import { pkiClears, pkiRequests, pkiShows } from "#cli/pki-commands.ts";

test("revocation lists are loaded, shown and cleared where Junos has the commands", () => {
	assert.equal(pkiRequests.children?.crl, crlRequests);
	assert.equal(pkiShows.children?.crl, crlShows);
	assert.equal(pkiClears.children?.crl, crlClears);
	const load = crlRequests.children?.load;
	assert.deepEqual(
		Object.entries(load?.options ?? {}).map(([name, { mandatory }]) => [name, mandatory]),
		[
			["ca-profile", true],
			["filename", true],
		],
	);
});

test("completion offers the CA profiles of the configuration", () => {
	for (const node of [crlShows, crlClears, crlRequests.children?.load]) {
		assert.equal(node?.options?.["ca-profile"]?.type?.source, "ca-profiles");
	}
});
