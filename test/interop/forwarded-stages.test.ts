/** R206: the stages before signatures decide about what the kernel forwards, before the policies do. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PacketFilter } from "#firewall/apply-shell.ts";
import { compilePacketFilter } from "#firewall/packet-filter.ts";
import { configOf } from "../support/config-text.ts";
import { hostsOf, makeForwardingRig, zoneStatements } from "../support/forwarding.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import type { Flow, Outcome } from "../support/probe-child.ts";

test("R204 R206: bypass rules, traffic management and quarantine act on forwarded traffic in their order", async (t) => {
	if (!requireNamespaces(t, ["nft"])) return;
	const rig = await makeForwardingRig(t, [53, 80]);
	const directory = mkdtempSync(join(tmpdir(), "stages-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const [plain = "", passed = "", shut = "", excepted = ""] = hostsOf("trust", 4);
	const [server = "", closed = ""] = hostsOf("net", 4);
	const [plain6 = ""] = hostsOf("trust", 6);
	const [server6 = ""] = hostsOf("net", 6);
	const { interfaces, zones } = zoneStatements();
	const config = configOf(`${interfaces}
	applications { application names { protocol udp; destination-port 53; } }
	security { ${zones}
		address-book { global { address passed ${passed}/32; address closed ${closed}/32; address excepted ${excepted}/32; } }
		inspection {
			bypass-rule passed { match { source-address passed; } }
			traffic-management closed { match { destination-address closed; } then { block; } }
			traffic-management names { match { application names; } then { block; } }
			quarantine { hosts [ ${shut}/32 ${excepted}/32 ]; exceptions excepted; }
		}
		policies { default-policy { permit-all; } }
	}`);
	const filter = new PacketFilter(directory, (words) => rig.gateway.inside(words));
	const facts = {
		now: 0,
		resolved: new Map(),
		devices: new Set(["g-trust"]),
		families: ["ipv4", "ipv6"] as const,
		ownMark: 1,
	};
	await filter.apply(compilePacketFilter(config, facts));
	const expected: readonly (readonly [Flow["protocol"], string, string, number, Outcome])[] = [
		["tcp", plain, server, 80, "permit"],
		["udp", plain, server, 80, "permit"],
		["tcp", plain6, server6, 80, "permit"],
		["tcp", plain, closed, 80, "reject"],
		["udp", plain, server, 53, "reject"],
		["udp", plain6, server6, 53, "reject"],
		["tcp", passed, closed, 80, "permit"],
		["tcp", shut, server, 80, "reject"],
		["tcp", excepted, server, 80, "permit"],
	];
	const flows = expected.map(([protocol, from, to, port]): Flow => ({ protocol, from, to, port }));
	const outcomes = await rig.probe({ flows, answered: expected.map(([, , , , outcome]) => outcome !== "silent") });
	assert.deepEqual(
		outcomes,
		expected.map(([, , , , outcome]) => outcome),
	);
});
