import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { makeNamespaces, requireNamespaces } from "../../test/support/namespaces.ts";
import { peerPath } from "../../test/support/peers.ts";

const child = join(import.meta.dirname, "../../test/support/packet-log-child.ts");

test("refused QUIC is recorded with its server's name, once however often it comes; without the group it is told why not", async (t) => {
	if (!requireNamespaces(t, ["nft"])) return;
	const [host] = await makeNamespaces(t, ["host"]);
	const log = 'udp dport 443 log prefix "l:lan" group 23057 snaplen 2048';
	host?.run([peerPath("nft"), `table inet t { chain c { type filter hook output priority 0; ${log}; }; }`]);
	const words = [process.execPath, "--disable-warning=ExperimentalWarning", child, "service"];
	assert.deepEqual(JSON.parse(host?.run(words) ?? ""), {
		records: [
			["shop.example", "transparent lan", "127.0.0.1"],
			["post-quantum.example", "transparent lan", "::1"],
			["last.example", "transparent lan", "127.0.0.1"],
		],
		failures: [
			"QUIC that is refused is counted and not recorded: log group failed: EPERM; expected group 23057 of the packet log (nfnetlink_log) for this gateway alone",
		],
	});
});
