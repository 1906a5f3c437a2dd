import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "#config/check.ts";
import { formatFinding } from "#config/finding.ts";
import { parseText } from "#config/text.ts";
import { type CertificateFacts, certificateUses, verifyCertificateUses } from "#product/certificate-uses.ts";
import { type RootConfig, rootSchema } from "#product/root-schema.ts";

function configOf(text: string): RootConfig {
	const parsed = parseText(rootSchema, text);
	assert.deepEqual(parsed.errors, []);
	const checked = check(rootSchema, parsed.tree);
	assert.deepEqual(checked.errors, []);
	return checked.snapshot as RootConfig;
}

const config = configOf(`
system { services {
	web-management { https { local-certificate web; } }
	rest { https { server-certificate rest; } }
} }
services { ssl {
	initiation { profile i { client-certificate client; } }
	termination { profile t { server-certificate [ one two ]; } }
	proxy { profile p {
		root-ca corp;
		untrusted-root-ca other;
		server-certificate [ shop pay ];
		client-certificate { app.example "for app"; }
	} }
} }
security { ike { policy k { proposal-set standard; certificate { local-certificate vpn; } } } }
`);

test("every statement that names a certificate is found, with its path", () => {
	assert.deepEqual(
		certificateUses(config).map(({ path, statement, id, isSigner }) =>
			[...path, statement, id, ...(isSigner ? ["signs"] : [])].join(" "),
		),
		[
			"services ssl proxy profile p root-ca corp signs",
			"services ssl proxy profile p untrusted-root-ca other signs",
			"services ssl proxy profile p server-certificate shop",
			"services ssl proxy profile p server-certificate pay",
			"services ssl proxy profile p client-certificate app.example for app",
			"services ssl initiation profile i client-certificate client",
			"services ssl termination profile t server-certificate one",
			"services ssl termination profile t server-certificate two",
			"system services web-management https local-certificate web",
			"system services rest https server-certificate rest",
			"security ike policy k certificate local-certificate vpn",
		],
	);
});

test("R49: a name that is not there, has no certificate or no key, or cannot sign is refused with its path", () => {
	const good: CertificateFacts = { hasCertificate: true, isCa: false, hasKey: true };
	const known = new Map<string, CertificateFacts>([
		["corp", good],
		["other", { ...good, isCa: true, hasKey: false }],
		["shop", good],
		["pay", { ...good, hasCertificate: false }],
		...["client", "one", "two", "web", "rest", "for app"].map((id) => [id, good] as const),
	]);
	const path = "[edit services ssl proxy profile p]\n";
	assert.deepEqual(verifyCertificateUses(config, known).map(formatFinding), [
		`${path}  'root-ca'\n    certificate 'corp' is not a CA certificate`,
		`${path}  'untrusted-root-ca'\n    certificate 'other' has no private key`,
		`${path}  'server-certificate'\n    certificate 'pay' is a key pair that has no certificate yet`,
		"[edit security ike policy k certificate]\n  'local-certificate'\n    certificate 'vpn' does not exist; existing: corp, other, shop, client, one, two, web, rest, for app",
	]);
});
