import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";

const zones = "zones { security-zone trust; security-zone untrust; }";
const books = `address-book {
	near { address here 10.0.0.0/8; attach { zone trust; } }
	far { address there 192.0.2.0/24; address-set both { address there; } attach { zone untrust; } }
	global { address anywhere 0.0.0.0/0; }
}`;
const rule = (from: string, to: string, then = "permit;") =>
	`match { source-address ${from}; destination-address ${to}; application any; } then { ${then} }`;
const pair = (statements: string, back: string) =>
	findingsOf(`security {
		ike {
			proposal i { authentication-algorithm sha1; encryption-algorithm aes-128-cbc; dh-group group14; }
			policy i { proposals i; pre-shared-key ascii-text x; }
			gateway g { ike-policy i; address 192.0.2.1; external-interface eth0.0; }
		}
		ipsec {
			policy i { proposal-set standard; }
			vpn v { ike { gateway g; ipsec-policy i; } } vpn w { ike { gateway g; ipsec-policy i; } }
		}
		${zones} ${books}
		policies { from-zone trust to-zone untrust { ${statements} } from-zone untrust to-zone trust { ${back} } }
	}`).filter((line) => line.includes("pair-policy"));

test("an address is looked up in the books of its zone and in the global one", () => {
	const says = (statements: string) =>
		findingsOf(`security { ${zones} ${books} policies { from-zone trust to-zone untrust { ${statements} } } }`);
	assert.deepEqual(says(`policy p { ${rule("here", "[ there both anywhere ]")} }`), []);
	assert.deepEqual(says(`policy p { ${rule("there", "any")} }`), [
		"error security policies from-zone trust to-zone untrust policy p match 'source-address': 'there' is in no address book of zone trust; attach the book that has it to the zone",
	]);
	assert.deepEqual(says(`policy p { ${rule("any-ipv4", "here")} }`), [
		"error security policies from-zone trust to-zone untrust policy p match 'destination-address': 'here' is in no address book of zone untrust; attach the book that has it to the zone",
	]);
});

test("a zone has one book besides the global one, and the older form of books stands alone", () => {
	const says = (text: string) => findingsOf(`security { ${text} }`).filter((line) => line.startsWith("error"));
	const attached = (name: string) => `${name} { attach { zone trust; } }`;
	assert.deepEqual(says(`${zones} address-book { ${attached("a")} ${attached("b")} }`), [
		"error security address-book b attach 'zone': zone trust has book a already",
	]);
	assert.deepEqual(says(`${zones} address-book { ${attached("global")} }`), [
		"error security address-book global attach 'zone': the global book serves all zones",
	]);
	const old = "zones { security-zone trust { address-book { address a 10.0.0.0/8; } } }";
	assert.deepEqual(says(old), []);
	assert.deepEqual(says(`${old} address-book { global { address b 10.0.0.0/8; } }`), [
		"error security zones security-zone trust 'address-book': cannot stand beside 'security address-book'; attach a book to the zone",
	]);
});

test("the names of the older form are known in the policies of the zone", () => {
	const old = (name: string) => `security-zone ${name} { address-book { address a-${name} 10.0.0.0/8; } }`;
	const says = (from: string) =>
		findingsOf(
			`security { zones { ${old("trust")} ${old("untrust")} } policies { from-zone trust to-zone untrust { policy p { ${rule(from, "any")} } } } }`,
		).filter((line) => line.startsWith("error"));
	assert.deepEqual(says("a-trust"), []);
	assert.equal(says("a-untrust").length, 1);
});

test("pair policies name each other across the two directions, with the same VPN and exchanged addresses", () => {
	const tunnel = (name: string, vpn = "v") => `permit { tunnel { ipsec-vpn ${vpn}; pair-policy ${name}; } }`;
	const out = `policy out { ${rule("here", "there", tunnel("in"))} }`;
	const path = "error security policies from-zone trust to-zone untrust policy out then permit tunnel 'pair-policy'";
	assert.deepEqual(pair(out, `policy in { ${rule("there", "here", tunnel("out"))} }`), []);
	assert.deepEqual(pair(out, `policy other { ${rule("there", "here")} }`), [
		`${path}: policy "in" does not exist in the opposite direction; existing: "other"`,
	]);
	assert.deepEqual(pair(out, `policy in { ${rule("there", "here")} }`), [
		`${path}: policy "in" does not name "out" as its pair in turn`,
	]);
	assert.equal(
		pair(out, `policy in { ${rule("there", "here", tunnel("out", "w"))} }`)[0],
		`${path}: policy "in" uses another VPN`,
	);
	assert.equal(
		pair(out, `policy in { ${rule("there", "anywhere", tunnel("out"))} }`)[0],
		`${path}: the addresses of policy "in" are not these with source and destination exchanged`,
	);
});

test("R13: decryption without inspection, and inspection without decryption, are worth a word", () => {
	const says = (services: string) =>
		findingsOf(`
			services { ssl { proxy { profile p { root-ca ca; } } } }
			security {
				inspection { pattern-policy standard { patterns eicar; } }
				policies { global { policy p { ${rule("any", "any", `permit { application-services { ${services} } }`)} } } }
			}`);
	const path = "warning security policies global policy p then permit application-services";
	assert.deepEqual(says("ssl-proxy { profile-name p; } pattern-policy standard;"), []);
	assert.deepEqual(says("ssl-proxy { profile-name p; }"), [
		`${path} 'ssl-proxy': no inspection service is attached: connections are relayed untouched, and their records say so; attach one, such as pattern-policy`,
	]);
	assert.deepEqual(says("pattern-policy standard;"), [
		`${path} 'pattern-policy': without ssl-proxy nothing is decrypted, so nothing is looked for`,
	]);
});

test("B57: a policy that can never match is named at commit, with those before it that take its connections", () => {
	const says = findingsOf(`security { ${books} ${zones} policies {
		from-zone trust to-zone untrust { policy all { ${rule("any", "any")} } policy late { ${rule("here", "any", "deny;")} } }
		global { policy other { ${rule("any", "any")} } }
	} }`);
	assert.deepEqual(says, [
		'warning security policies from-zone trust to-zone untrust policy late: it never matches: "all (trust to untrust)" before it match all that it does',
	]);
});

test("where many policies open connections and nothing looks inside, it is told once with their number", () => {
	const open = "permit { application-services { ssl-proxy { profile-name p; } } }";
	const many = ["a", "b", "c", "d", "e"].map((name) => `policy ${name} { ${rule("any", "any", open)} }`);
	const says = findingsOf(`services { ssl { proxy { profile p { root-ca ca; } } } }
		security { policies { global { ${many.join(" ")} } } }`);
	assert.equal(
		says.filter((line) => line.includes("no inspection")).join(),
		'warning security policies: 5 policies ("a", "b", "c" and 2 more): no inspection service is attached: connections are relayed untouched, and their records say so; attach one, such as pattern-policy',
	);
});
