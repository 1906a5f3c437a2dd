import assert from "node:assert/strict";
import { test } from "node:test";
import { type PacketLogReport, WorkerPacketLogs } from "#daemon/worker-packet-logs.ts";
import { compileIdpPolicies } from "#inspect/idp-policy.ts";
import { configOf } from "../../test/support/config-text.ts";

const session = {
	session: "s",
	transport: "tcp" as const,
	client: { address: "10.0.0.1", port: 4_000 },
	server: { address: "192.0.2.1", port: 443 },
};

function policy(notification: string) {
	const rule = (name: string, more: string) =>
		`rule ${name} { match { attacks { custom-attacks 1; } } then { action { no-action; } ${more} } }`;
	const text = `security { idp { idp-policy p { rulebase-ips { ${rule("a", "")} ${rule("b", notification)} } } } }`;
	return compileIdpPolicies(configOf(text)).get("p");
}

test("only sessions of policies with a packet log are recorded, and the log says whose it is", () => {
	const sent: PacketLogReport[] = [];
	const logs = new WorkerPacketLogs(1, (report) => sent.push(report));
	logs.configure({ sessionsPercent: 10, memoryPercent: 10 }, 10);
	assert.equal(logs.recorder(undefined, session), undefined);
	assert.equal(logs.recorder(policy(""), session), undefined);
	const plan = policy("notification { packet-log { pre-attack 3; post-attack 0; } }");
	const packetLog = plan?.rules[1]?.packetLog;
	assert.deepEqual(packetLog, { before: 3, after: 0, timeoutMs: 5_000 });
	const recorder = logs.recorder(plan, session);
	const other = logs.recorder(plan, { ...session, session: "t" });
	assert.ok(recorder !== undefined && other !== undefined && packetLog !== undefined);
	recorder.chunk(0, Buffer.from("evil"));
	recorder.attack("1 x", packetLog);
	recorder.looked();
	// One session in ten, of ten.
	other.chunk(0, Buffer.from("evil"));
	other.attack("1 x", packetLog);
	other.looked();
	assert.deepEqual(
		sent.map((report) => [report.session, report.client.port, report.attacks, report.pieces.length]),
		[["s", 4_000, ["1 x"], 1]],
	);
});
