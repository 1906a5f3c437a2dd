/** Keys of IKE for Wireshark: off by default, told of, and such that Wireshark reads our handshake with strongSwan. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { eventually } from "../support/gateway.ts";
import { type Namespace, requireNamespaces } from "../support/namespaces.ts";
import { peerPath } from "../support/peers.ts";
import {
	Charon,
	chicago,
	command,
	commit,
	makeVpnLab,
	manualExample,
	pings,
	startVpnGateway,
	vpnLabPeers,
} from "../support/vpn-lab.ts";

test("keys of IKE are written only when a statement says so, and Wireshark opens the handshake with them, CBC and GCM", async (t) => {
	if (!requireNamespaces(t, [...vpnLabPeers, "tshark", "dumpcap"])) return;
	const lab = await makeVpnLab(t);
	const folder = mkdtempSync(join(tmpdir(), "sallyport-captured-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const charon = await Charon.start(t, lab.peer, chicago());
	const gateway = await startVpnGateway(t, lab.gateway);
	const table = join(gateway.state, "key-log/ikev2_decryption_table");
	await commit(gateway, manualExample);
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	assert.ok(!existsSync(table));

	assert.match(await commit(gateway, ["set security ike traceoptions key-log"]), /danger: keys are written to a file/);
	await eventually(() => gateway.events("IKE_KEY_LOG_ON").length === 1, "the event");
	const capture = await startCapture(t, lab.internet, join(folder, "ike.pcapng"));
	await command(gateway, "clear security ike security-associations");
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo under keys that are written");
	await charon.load(
		chicago().replace("proposals = aes128-sha1-modp1024", "proposals = aes256gcm16-prfsha256-modp2048"),
	);
	await commit(gateway, [
		"delete security ike proposal ike-phase1-proposal authentication-algorithm",
		"set security ike proposal ike-phase1-proposal encryption-algorithm aes-256-gcm",
		"set security ike proposal ike-phase1-proposal dh-group group14 authentication-algorithm sha-256",
	]);
	await command(gateway, "clear security ike security-associations");
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo with AES-GCM");
	await capture.stop();
	assert.equal(statSync(table).mode & 0o777, 0o600);

	const profile = join(folder, "wireshark");
	mkdirSync(profile);
	const read = () => {
		const fields = ["-T", "fields", "-e", "isakmp.exchangetype", "-e", "isakmp.id.data.ipv4_addr"];
		const output = execFileSync(
			peerPath("tshark"),
			["-r", capture.file, "-Y", "isakmp.exchangetype == 35", ...fields],
			{
				encoding: "utf8",
				env: { ...process.env, WIRESHARK_CONFIG_DIR: profile },
				stdio: ["ignore", "pipe", "ignore"],
			},
		);
		return output.split("\n").filter((line) => /^35\t/.test(line));
	};
	const closed = read();
	assert.ok(closed.length >= 4 && closed.every((line) => line === "35\t"), closed.join());
	copyFileSync(table, join(profile, "ikev2_decryption_table"));
	const opened = read();
	assert.equal(opened.length, closed.length);
	for (const line of opened) assert.match(line, /^35\t(1\.1\.1\.2|2\.2\.2\.2)/);

	await commit(gateway, ["delete security ike traceoptions key-log"]);
	await eventually(() => gateway.events("IKE_KEY_LOG_OFF").length === 1, "the end");
	const { size } = statSync(table);
	await command(gateway, "clear security ike security-associations");
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	assert.equal(statSync(table).size, size);
	// What is written there is written nowhere else.
	const [key = ""] = /[0-9a-f]{32}/.exec(readFileSync(table, "utf8")) ?? [];
	assert.ok(key !== "" && !(gateway.log + gateway.program.output).includes(key));
});

/** Packets of IKE that a router forwards, in a file. */
async function startCapture(t: TestContext, at: Namespace, file: string) {
	const [program, ...words] = at.inside([
		peerPath("dumpcap"),
		"-q",
		"-i",
		"near",
		"-f",
		"udp port 500 or udp port 4500",
		"-w",
		file,
	]);
	const child = spawn(program as string, words, { stdio: "ignore" });
	t.after(() => void child.kill("SIGKILL"));
	await eventually(() => existsSync(file) && statSync(file).size > 0, "the capture");
	return {
		file,
		async stop() {
			const ended = new Promise((resolve) => child.once("exit", resolve));
			child.kill("SIGINT");
			await ended;
		},
	};
}
