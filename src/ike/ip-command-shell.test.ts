import assert from "node:assert/strict";
import { test } from "node:test";
import { runAlone } from "../../test/support/run-alone.ts";

test("all commands are run, and what ip complains of is told; routes that were left are taken away", (t) => {
	const output = runAlone(
		t,
		`
		const { clearTunnelRoutes, runIpCommands } = await import("#ike/ip-command-shell.ts");
		console.log(JSON.stringify(await runIpCommands([])));
		console.log((await runIpCommands(["link set dev nobody up", "address add 10.1.0.1/32 dev lo"])).join());
		await runIpCommands(["route replace unreachable 10.2.0.0/16 metric 9 proto 157", "route replace unreachable fd00::/8 metric 9 proto 157"]);
		console.log(ip("address show dev lo").includes("10.1.0.1"), ip("route show").trim());
		console.log(await clearTunnelRoutes(), ip("route show").trim(), await clearTunnelRoutes());
		process.env.PATH = "/nowhere";
		console.log((await runIpCommands(["link show"])).join());`,
	);
	if (output === undefined) return;
	const lines = output.split("\n");
	assert.equal(lines[0], "[]");
	assert.match(lines[1] ?? "", /Cannot find device "nobody"/);
	assert.match(lines[2] ?? "", /^true unreachable 10\.2\.0\.0\/16 proto 157 metric 9/);
	assert.equal(lines[3], "2  0");
	assert.match(lines[4] ?? "", /ENOENT/);
});
