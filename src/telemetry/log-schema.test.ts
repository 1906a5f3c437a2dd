import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const profile = "services { ssl { initiation { profile ssl-i-tls { protocol-version all; trusted-ca all; } } } }";
const receiver = "services { ssl { termination { profile t { server-certificate gw; } } } }";
const log = (statements: string) => `${profile} security { log { ${statements} } }`;

test("a stream over TLS is printed as it is by Junos (R284 to R289)", () => {
	const source = `security {
    log {
        mode stream;
        format sd-syslog;
        source-interface ge-0/0/1.0;
        transport {
            protocol tls;
            tls-profile ssl-i-tls;
        }
        stream server1 {
            format sd-syslog;
            category all;
            host {
                192.0.2.100;
                port 6514;
            }
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	const { stream } = configOf(profile + source).security.log;
	assert.deepEqual(stream.get("server1")?.host, { address: "192.0.2.100", port: 6514, routingInstance: undefined });
	assert.deepEqual(findingsOf(profile + source), []);
});

test("the address of a collector may stand on the line of its host", () => {
	assert.equal(
		printedForm("security { log { stream s { host 192.0.2.1; } } }"),
		printedForm("security { log { stream s { host { 192.0.2.1; } } } }"),
	);
});

test("each stream may have a transport of its own", () => {
	const own = "transport { protocol tls; tls-profile ssl-i-tls; }";
	assert.deepEqual(findingsOf(log(`stream s { host 192.0.2.1; ${own} }`)), []);
});

test("TLS needs a profile, a profile needs TLS, and a stream in clear is worth a word", () => {
	const clear = "warning security log stream s 'host': logs go to 192.0.2.1 in clear; set transport protocol tls";
	assert.deepEqual(findingsOf(log("stream s { host 192.0.2.1; }")), [clear]);
	assert.deepEqual(findingsOf(log("transport { protocol tls; } stream s { host 192.0.2.1; }")), [
		"error security log transport 'protocol': tls needs a 'tls-profile'",
	]);
	assert.deepEqual(findingsOf(log("transport { tls-profile ssl-i-tls; } stream s { host 192.0.2.1; }")), [
		"warning security log transport 'tls-profile': is not used with protocol udp",
		clear,
	]);
	assert.deepEqual(findingsOf(log("stream s { host 192.0.2.1; transport { protocol tls; tls-profile none; } }")), [
		"error security log stream s transport 'tls-profile': 'none' is not defined under [edit services ssl initiation profile]; defined: ssl-i-tls",
	]);
});

test("a stream has a collector, and formats for files do not go on the wire", () => {
	assert.deepEqual(findingsOf(log("stream s { format syslog; }")), [
		"error security log stream s host: missing mandatory statement: 'address'",
	]);
	assert.deepEqual(
		findingsOf(log("transport { protocol tls; tls-profile ssl-i-tls; } stream s { host h.example; format binary; }")),
		["error security log stream s 'format': binary is for files; use sd-syslog"],
	);
	assert.deepEqual(
		findingsOf(log("mode event; transport { protocol tls; tls-profile ssl-i-tls; } stream s { host h.example; }")),
		["warning security log 'stream': in mode event nothing is sent to streams; set mode stream"],
	);
});

test("a receiver of logs listens with a certificate", () => {
	const { security } = configOf(
		`${receiver} security { log { receiver r { listen 0.0.0.0:6514; termination-profile t; } } }`,
	);
	assert.deepEqual(security.log.receiver.get("r")?.listen, { host: "0.0.0.0", port: 6514 });
	assert.deepEqual(findingsOf("security { log { receiver r { listen 0.0.0.0:6514; } } }"), [
		"error security log receiver r: missing mandatory statement: 'termination-profile'",
	]);
});

test("the event store keeps 30 days and a gibibyte unless told otherwise", () => {
	assert.deepEqual(configOf("").security.log.eventStore, { retention: 30, maximumSize: 1_024 });
	assert.match(findingsOf(log("event-store { retention 0; }")).join(), /Value 0 is not within range \(1\.\.3650\)/);
});
