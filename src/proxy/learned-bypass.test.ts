import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LearnedBypass, type LearnedServer } from "#proxy/learned-bypass.ts";

const settings = { clients: 3, lifetimeMs: 1_000, maximum: 2 };
const server = (host: string, parts: Partial<LearnedServer> = {}): LearnedServer => {
	return { profile: "p", host, port: 443, sni: host, ...parts };
};

function refuse(table: LearnedBypass, one: LearnedServer, clients: readonly string[], now = 0) {
	return clients.map((client) => table.refused(one, client, settings, now)).at(-1);
}

test("N9: a server is learned when enough different clients have refused, and not by one client often", () => {
	const table = new LearnedBypass();
	assert.equal(refuse(table, server("pin.example"), ["a", "a", "a", "b", "a"]), undefined);
	assert.deepEqual(table.entries(0), []);
	const entry = { ...server("pin.example"), clients: 3, learnedAt: 0, until: 1_000 };
	assert.deepEqual(refuse(table, server("pin.example"), ["c"]), entry);
	assert.deepEqual(table.entries(999), [entry]);
	assert.equal(refuse(table, server("pin.example"), ["d"]), undefined);
});

test("N9: a learned server and a refusal are forgotten after their lifetime", () => {
	const table = new LearnedBypass();
	refuse(table, server("pin.example"), ["a", "b"], 0);
	assert.equal(refuse(table, server("pin.example"), ["c"], 1_000), undefined);
	refuse(table, server("pin.example"), ["d", "e"], 1_001);
	assert.equal(table.entries(2_000).length, 1);
	assert.deepEqual(table.entries(2_001), []);
});

test("another server name, target, port or profile is another server", () => {
	const table = new LearnedBypass();
	const others = [
		server("pin.example"),
		server("pin.example", { sni: "other.example" }),
		server("pin.example", { port: 8443 }),
		server("pin.example", { profile: "q" }),
	];
	for (const [index, other] of others.entries()) refuse(table, other, [`client-${index}`]);
	assert.deepEqual(table.entries(0), []);
});

test("N9: beyond the maximum the oldest of the profile goes first", () => {
	const table = new LearnedBypass();
	for (const host of ["a", "b", "c"]) refuse(table, server(host), ["1", "2", "3"]);
	assert.deepEqual(
		table.entries(0).map(({ host }) => host),
		["b", "c"],
	);
});

test("one server or all are cleared", () => {
	const table = new LearnedBypass();
	for (const host of ["a", "b"]) refuse(table, server(host), ["1", "2", "3"]);
	assert.equal(table.clear("a"), 1);
	assert.equal(table.clear("a"), 0);
	assert.equal(table.clear(), 1);
	assert.deepEqual(table.entries(0), []);
});

test("whatever is refused, fewer clients than needed teach nothing and the maximum holds", () => {
	const refusals = fc.array(fc.tuple(fc.nat(5), fc.nat(1), fc.nat(3_000)), { maxLength: 100 });
	fc.assert(
		fc.property(refusals, (all) => {
			const table = new LearnedBypass();
			for (const [host, client, now] of all) table.refused(server(`${host}`), `${client}`, settings, now);
			assert.deepEqual(table.entries(0), []);
			for (const [host, client, now] of all)
				table.refused(server(`${host}`), `${client}`, { ...settings, clients: 2 }, now);
			assert.ok(table.entries(0).length <= settings.maximum);
		}),
	);
});
