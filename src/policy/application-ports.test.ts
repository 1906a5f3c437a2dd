import assert from "node:assert/strict";
import { test } from "node:test";
import { portsOfTerms, termsOfApplications } from "#policy/application-ports.ts";
import { configOf } from "../../test/support/config-text.ts";

const { applications } = configOf(`applications {
	application web { destination-port 8000-8001; }
	application dns { term u protocol udp destination-port 53; term t protocol tcp destination-port 53; }
	application ping { protocol icmp; }
	application everything { protocol tcp; }
	application-set inner { application web; application ping; }
	application-set outer { application-set inner; application junos-https; application dns; }
}`);

const ports = (...names: string[]) =>
	portsOfTerms(termsOfApplications(applications, names))?.map(
		({ from, to, application }) => `${application} ${from}-${to}`,
	);

test("any asks for no port; sets and terms give the TCP ports of all their members", () => {
	assert.deepEqual(ports("web", "any"), []);
	assert.deepEqual(ports("web"), ["web 8000-8001"]);
	assert.deepEqual(ports("outer"), ["dns 53-53", "junos-https 443-443", "web 8000-8001"]);
	assert.deepEqual(ports("everything"), ["everything 0-65535"]);
	assert.deepEqual(ports("junos-tcp-any"), ["junos-tcp-any 0-65535"]);
	assert.deepEqual(ports("web", "web"), ["web 8000-8001"]);
});

test("what never travels over TCP meets no proxied connection, rather than every one", () => {
	assert.equal(ports("ping"), undefined);
	assert.equal(ports("junos-dns-udp"), undefined);
	assert.deepEqual(ports("ping", "web"), ["web 8000-8001"]);
});
