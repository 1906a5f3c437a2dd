import assert from "node:assert/strict";
import { test } from "node:test";
import { type ToldAttacks, WorkerAttacks } from "#daemon/worker-attacks.ts";
import type { IdpRule } from "#inspect/idp-policy.ts";
import { AddressSet } from "#policy/address-set.ts";
import { SignatureFlow } from "#signature/signature-flow.ts";
import { requestHead } from "../../test/support/http-heads.ts";
import { engineOf, testFacts } from "../../test/support/signature-traffic.ts";

const settings = {
	maxWaiting: 10,
	suppresses: true,
	tellsServersApart: false,
	maxKept: 10,
	windowMs: 5_000,
	startLog: 1,
};
const rule: IdpRule = {
	name: "stop",
	match: { sources: new AddressSet(true), destinations: new AddressSet(true), ports: [] },
	attacks: { names: [], groups: ["all"], dynamic: [] },
	action: "block",
	isTerminal: false,
	severity: undefined,
	ipAction: undefined,
	log: { isAlert: true },
	packetLog: undefined,
};
const session = {
	sessionId: "0123456789abcdef",
	policy: "web",
	client: { address: "10.0.0.1", port: 4_000 },
	server: { address: "192.0.2.1", port: 443 },
	sni: "shop.example",
};
const flow = new SignatureFlow(
	engineOf(['drop http any any -> any any (msg:"a worm"; http.uri; content:"/worm"; sid:7;)']),
	testFacts,
	"http",
);
flow.requestHead(requestHead(["GET /worm HTTP/1.1", "Host: shop.example"]));
const [alert] = flow.alerts;

function worker(more: Partial<typeof settings> = {}): { attacks: WorkerAttacks; told: ToldAttacks[] } {
	const told: ToldAttacks[] = [];
	return { attacks: new WorkerAttacks({ ...settings, ...more }, (one) => told.push(one)), told };
}

test("attacks are counted, and reported where the rule says so, with a line in the form of EVE", () => {
	assert.ok(alert !== undefined);
	const { attacks, told } = worker();
	attacks.alerted(alert, { ...rule, log: undefined }, flow, session, 0);
	attacks.alerted(alert, { ...rule, severity: "critical" }, flow, session, 0);
	attacks.alerted(alert, undefined, flow, session, 0);
	attacks.flush(0);
	assert.deepEqual(told[0]?.counts, [{ gid: 1, sid: 7, message: "a worm", severity: "warning", hits: 3, blocked: 3 }]);
	const [{ line = "", ...report } = {}] = told[0]?.reports ?? [];
	assert.deepEqual(report, {
		session: "0123456789abcdef",
		client: "10.0.0.1",
		server: "192.0.2.1",
		port: 443,
		policy: "web",
		rule: "stop",
		attack: "7 a worm",
		severity: "critical",
		action: "blocked",
		isAlert: true,
		count: 1,
	});
	const eve = JSON.parse(line);
	assert.deepEqual(
		[eve.src_ip, eve.src_port, eve.alert.severity, eve.http.url, eve.tls.sni, eve.flow_id, eve.sallyport.rule],
		["10.0.0.1", 4_000, 1, "/worm", "shop.example", 0x0123456789abc, "stop"],
	);
	attacks.flush(1);
	assert.equal(told.length, 1, "nothing new is not told");
});

test("equal attacks are put together; of different servers only when that is configured", () => {
	assert.ok(alert !== undefined);
	for (const [tellsServersApart, first] of [
		[false, 1],
		[true, 2],
	] as const) {
		const { attacks, told } = worker({ tellsServersApart });
		for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.1"])
			attacks.alerted(alert, rule, flow, { ...session, server: { address, port: 443 } }, 0);
		attacks.flush(1);
		attacks.flush(2, true);
		assert.deepEqual(
			told.map(({ reports }) => reports.length),
			[first, 1],
		);
		assert.equal(
			told.flatMap(({ reports }) => reports).reduce((sum, { count }) => sum + count, 0),
			3,
		);
	}
});
