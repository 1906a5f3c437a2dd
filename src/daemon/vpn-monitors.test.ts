import assert from "node:assert/strict";
import { test } from "node:test";
import { runAlone } from "../../test/support/run-alone.ts";

test("B52: a monitor finds its tunnel down when nothing answers, has it made anew, and up when something does", (t) => {
	const output = runAlone(
		t,
		`
		const { openLinux } = await import("#base/linux-shell.ts");
		const { parseAddress } = await import("#base/address.ts");
		const { VpnMonitors } = await import("#daemon/vpn-monitors.ts");
		const said = [];
		const monitors = new VpnMonitors(await openLinux(), {
			changed: (vpn, isUp, text) => said.push(vpn + (isUp ? " up: " : " down: ") + text),
			renew: (vpn) => said.push("renew " + vpn),
			want: (vpn) => said.push("want " + vpn),
		});
		const plan = { vpn: "v", source: undefined, destination: undefined, interval: 50, threshold: 2, isOptimized: false };
		const loopback = parseAddress("127.0.0.1");
		// Nobody answers at the first, whatever there is at the second.
		const silent = { device: "lo", local: loopback, remote: parseAddress("192.0.2.1") };
		const loud = { device: "lo", local: loopback, remote: parseAddress("127.0.0.2") };
		monitors.configure([plan], () => silent);
		await until("the fall", () => said.includes("renew v"));
		console.log(said.splice(0).join(" | "), monitors.isUp("v"), monitors.isUp("other"));
		monitors.removed("v");
		await until("the wish", () => said.includes("want v"));
		said.length = 0;
		monitors.established("v", loud);
		await until("the rise", () => said.length > 0);
		console.log(said.splice(0).join(" | "), monitors.isUp("v"));
		// Whose source and destination are named does not ask where the tunnel ends; with what arrives it needs no echo.
		monitors.configure([{ ...plan, destination: silent.remote, isOptimized: true }], () => undefined);
		await until("another fall", () => said.includes("renew v"));
		said.length = 0;
		monitors.received("v");
		console.log(said.splice(0).join(" | "));
		await until("another fall", () => said.includes("renew v"));
		said.length = 0;
		monitors.configure([], () => undefined);
		console.log(said.join(" | "), monitors.isUp("v"));
		monitors.close();
		process.exit();`,
	);
	if (output === undefined) return;
	assert.deepEqual(output.trimEnd().split("\n"), [
		"v down: 192.0.2.1 did not answer 2 echo requests in a row, one each 0.05 s | renew v false undefined",
		"v up: 127.0.0.2 answers true",
		"v up: 192.0.2.1 answers, or traffic came",
		"v up: it is not monitored any more undefined",
	]);
});
