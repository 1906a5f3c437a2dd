/** Rules with traffic that must match and traffic that must not, each by Suricata's documentation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keywords } from "#signature/keyword-table.ts";
import { toClient, toServer } from "#signature/signature-engine.ts";
import { projectRoot, readText } from "../../scripts/source-files.ts";
import { engineOf, flowOf, HttpTraffic, octetsOf, sidsOf } from "../support/signature-traffic.ts";

interface Case {
	readonly where: string;
	readonly options: string;
	readonly yes: string;
	readonly no: string;
}

const cases: readonly Case[] = readText(projectRoot, "test/data/signatures/cases.tsv")
	.split("\n")
	.filter((line) => line !== "" && !line.startsWith("#"))
	.map((line) => {
		const [where = "", options = "", yes = "", no = ""] = line.split("\t");
		return { where, options, yes, no };
	});

function matches({ where, options }: Case, text: string, pieceOctets: number): boolean {
	const protocol = where === "tcp" ? "tcp" : "http";
	const engine = engineOf([`alert ${protocol} any any -> any any (${options} sid:1;)`]);
	const flow = flowOf(engine, protocol);
	const octets = octetsOf(text);
	const found: number[] = [];
	const http = new HttpTraffic(flow);
	if (where === "http<") http.send(toServer, Buffer.from("GET /asked HTTP/1.1\r\nHost: asked\r\n\r\n"));
	sidsOf(flow);
	for (let at = 0; at < octets.length; at += pieceOctets) {
		const piece = octets.subarray(at, at + pieceOctets);
		if (where === "tcp") flow.stream(toServer, piece, 0, piece.length);
		else http.send(where === "http>" ? toServer : toClient, piece);
		found.push(...sidsOf(flow));
	}
	return found.length > 0;
}

test(`${cases.length} rules match what they must and not what they must not`, () => {
	assert.ok(cases.length >= 200, String(cases.length));
	for (const each of cases) {
		assert.equal(matches(each, each.yes, 65_536), true, `${each.options} must match ${each.yes}`);
		assert.equal(matches(each, each.no, 65_536), false, `${each.options} must not match ${each.no}`);
	}
});

test("the same rules see the same in a message that comes octet by octet", () => {
	for (const each of cases) {
		// A rule of the payload is about single packets as well.
		if (each.where === "tcp" || each.options.includes("pkt_data")) continue;
		assert.equal(matches(each, each.yes, 1), true, `${each.options} must match ${each.yes}`);
		assert.equal(matches(each, each.no, 1), false, `${each.options} must not match ${each.no}`);
	}
});

test("every keyword that looks at octets or buffers of HTTP has a case", () => {
	const text = cases.map(({ options }) => options).join(" ");
	const elsewhere =
		/^(?:tls|smtp\.|email\.|ja3|ssl_|dataset|flowbits|flowint|threshold|detection_filter|sid|noalert|filestore|requires)/;
	for (const name of keywords.keys()) {
		if (elsewhere.test(name)) continue;
		assert.ok(new RegExp(`(?:^|[; ])${name.replaceAll(".", "\\.")}[:;]`).test(text), `${name} has no case`);
	}
});
