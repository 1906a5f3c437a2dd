import assert from "node:assert/strict";
import { test } from "node:test";
import { eveAlert } from "#inspect/eve.ts";
import { toClient, toServer } from "#signature/signature-engine.ts";
import type { Alert } from "#signature/signature-flow.ts";
import { requestHead, responseHead } from "../../test/support/http-heads.ts";
import { testFacts } from "../../test/support/signature-traffic.ts";
import { anyHttp, signatureOf } from "../../test/support/signatures.ts";

const flow = { facts: testFacts, protocol: "http" as const, flowId: 7, isInline: false, bits: [] };
const alert: Alert = {
	signature: signatureOf('msg:"an attack"; classtype:trojan-activity; rev:3; metadata:a b, a c, d; target:dest_ip;'),
	direction: toServer,
	request: requestHead(["GET /a?b HTTP/1.1", "Host: h.example", "User-Agent: u"]),
	response: undefined,
	isBlocking: true,
	isTold: true,
};

test("an alert is a line as Suricata writes it", () => {
	assert.deepEqual(JSON.parse(eveAlert(alert, flow, Date.parse("2026-11-30T03:04:05.678Z") + 0.5)), {
		timestamp: "2026-11-30T03:04:05.678500+0000",
		flow_id: 7,
		event_type: "alert",
		src_ip: "192.0.2.1",
		src_port: 40_000,
		dest_ip: "198.51.100.2",
		dest_port: 80,
		proto: "TCP",
		alert: {
			action: "allowed",
			gid: 1,
			signature_id: 1,
			rev: 3,
			signature: "an attack",
			category: "A Network Trojan was detected",
			severity: 1,
			metadata: { a: ["b", "c"], d: [""] },
			source: { ip: "192.0.2.1", port: 40_000 },
			target: { ip: "198.51.100.2", port: 80 },
		},
		http: {
			hostname: "h.example",
			url: "/a?b",
			http_user_agent: "u",
			http_method: "GET",
			protocol: "HTTP/1.1",
		},
		app_proto: "http",
		direction: "to_server",
	});
});

test("an answer has source and destination turned, its status and its type", () => {
	const response = responseHead(["HTTP/1.1 404 Not Found", "Content-Type: text/html"]);
	const line = JSON.parse(eveAlert({ ...alert, direction: toClient, response }, { ...flow, bits: ["x"] }, 0));
	assert.deepEqual([line.src_ip, line.dest_ip, line.direction], ["198.51.100.2", "192.0.2.1", "to_client"]);
	assert.deepEqual([line.http.status, line.http.http_content_type, line.metadata.flowbits], [404, "text/html", ["x"]]);
	assert.deepEqual(line.alert.target, { ip: "192.0.2.1", port: 40_000 });
});

test("inline, what blocks is blocked; the rest of a session is told where it is known", () => {
	const signature = signatureOf("noalert;", anyHttp);
	const inline = { ...flow, isInline: true, sni: "h.example" };
	const line = JSON.parse(eveAlert({ ...alert, signature, request: undefined }, inline, 0));
	assert.deepEqual(
		[line.alert.action, line.tls.sni, line.http, line.alert.target],
		["blocked", "h.example", undefined, undefined],
	);
	assert.equal(JSON.parse(eveAlert({ ...alert, isBlocking: false }, inline, 0)).alert.action, "allowed");
	const of = { session: "ab", policy: "web", rule: "stop", severity: "minor" } as const;
	const { sallyport, alert: told } = JSON.parse(eveAlert(alert, { ...inline, of }, 0));
	assert.deepEqual([sallyport, told.severity], [{ session: "ab", idp_policy: "web", rule: "stop" }, 2]);
	assert.equal(JSON.parse(eveAlert(alert, { ...inline, of: { ...of, severity: undefined } }, 0)).alert.severity, 1);
});
