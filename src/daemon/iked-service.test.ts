import assert from "node:assert/strict";
import { test } from "node:test";
import { runAlone } from "../../test/support/run-alone.ts";

/** A service with a configuration of its own; `say` prints what it told since the last time. */
const prelude = `
	// What is forked from here is no piece of a program.
	process.execArgv = ["--disable-warning=ExperimentalWarning"];
	const { mkdtempSync, rmSync } = await import("node:fs");
	const { IkedService } = await import("#daemon/iked-service.ts");
	const { TrustDirectory } = await import("#daemon/trust-directory.ts");
	const { KeyStore } = await import("#pki/key-store-shell.ts");
	const { configOf } = await import("./test/support/config-text.ts");
	const { vpnText } = await import("./test/support/vpn-text.ts");
	const folder = mkdtempSync("/tmp/sallyport-iked-");
	process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
	const events = [];
	const sources = { store: new KeyStore(folder, { isPersistent: true, passphraseFile: undefined }, 7), trust: new TrustDirectory(folder + "/trust"), loadedCrls: [] };
	const log = { error: (...words) => console.log(...words) };
	const service = new IkedService({ sources: () => sources, event: (event) => events.push(event), log, now: Date.now, logDirectory: folder, stateDirectory: folder, listFetched: () => undefined });
	const say = () => console.log(events.splice(0).map(({ id }) => id).join(" "));
	const config = (gateway) => configOf(vpnText({ gateway, top: "routing-options { static { route 10.77.0.0/16 next-hop st0.0; } }" }));
	const v2 = config("address 192.0.2.1; version v2-only;");
	ip("address add 198.51.100.1/32 dev lo");
`;

test("the process runs as long as there is something to run; one that dies is started again with what it had", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		await service.start();
		await service.apply(configOf(""));
		say();
		await service.apply(v2);
		say();
		const first = service.processId;
		console.log((await service.state()).vpns.map(({ name }) => name).join(), ip("route show 10.77.0.0/16").includes("st0.0"));
		process.kill(first, "SIGKILL");
		await until("another process", () => service.processId !== undefined && service.processId !== first);
		// Traffic of the tunnel is refused while there is no device.
		console.log(ip("route show 10.77.0.0/16").includes("unreachable"));
		await until("the device", () => ip("link show").includes("st0.0"));
		await until("its event", () => events.some(({ id }) => id === "VPN_DATA_PLANE"));
		say();
		await service.apply(configOf(""));
		console.log(service.processId, JSON.stringify(ip("route show")), await service.state());
		await service.apply(v2);
		await service.stop();
		console.log(service.processId, JSON.stringify(ip("route show")));
		process.exit();`,
	);
	if (output === undefined) return;
	assert.deepEqual(output.trimEnd().split("\n"), [
		"",
		"IKED_STARTED VPN_DATA_PLANE",
		"v true",
		"true",
		"IKED_DIED IKED_STARTED VPN_DATA_PLANE",
		'undefined "" undefined',
		'undefined ""',
	]);
});

test("what cannot be run is told once, and run as soon as that has changed", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		ip("address del 198.51.100.1/32 dev lo");
		await service.apply(v2);
		await service.look();
		console.log(events.filter(({ id }) => id === "VPN_NOT_RUN").map(({ fields }) => fields.reason).join());
		ip("address add 198.51.100.1/32 dev lo");
		await service.look();
		await service.look();
		events.length = 0;
		await service.apply(config("address 192.0.2.1;"));
		await service.look();
		console.log(events.map(({ id, fields }) => id + " " + fields.vpn).join());
		await service.stop();
		process.exit();`,
	);
	if (output === undefined) return;
	const [first, second] = output.trimEnd().split("\n");
	assert.match(first ?? "", /^this host has no address 198\.51\.100\.1; [^,]*$/);
	assert.equal(second, "VPN_NOT_RUN v");
});

test("routes that a gateway left that was killed are taken away by the next start, and told", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		ip("route add unreachable 10.77.0.0/16 metric 9 proto 157");
		await service.start();
		say();
		console.log(JSON.stringify(ip("route show")));
		process.exit();`,
	);
	if (output !== undefined) assert.equal(output, 'TUNNEL_ROUTES_CLEARED\n""\n');
});
