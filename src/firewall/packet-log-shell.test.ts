import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { makeNamespaces, requireNamespaces } from "../../test/support/namespaces.ts";
import { peerPath } from "../../test/support/peers.ts";

const child = join(import.meta.dirname, "../../test/support/packet-log-child.ts");

test("packets that a rule logs are heard with its prefix, IPv4 and IPv6; one has the group, and lets go of it", async (t) => {
	if (!requireNamespaces(t, ["nft"])) return;
	const [host] = await makeNamespaces(t, ["host"]);
	const log = 'udp dport 443 log prefix "l:lan" group 23057 snaplen 2048';
	host?.run([peerPath("nft"), `table inet t { chain c { type filter hook output priority 0; ${log}; }; }`]);
	const words = [process.execPath, "--disable-warning=ExperimentalWarning", child, "log"];
	assert.deepEqual(JSON.parse(host?.run(words) ?? ""), {
		heard: ["l:lan 1228", "l:lan 1248"],
		refused: "LinuxError: log group failed: EPERM",
	});
});
