import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "#config/check.ts";
import { formatFinding } from "#config/finding.ts";
import { enumeration, integer, keyword, name, reference, secret, text, union } from "#config/leaf-types.ts";
import { mergeSchemas } from "#config/merge-schemas.ts";
import { address, prefix } from "#config/network-types.ts";
import { printText } from "#config/print-text.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { parseText } from "#config/text.ts";

/** The worked example: a slice of a VPN with its peers. */
const vpn = container({
	help: "Example",
	children: {
		vpn: container({
			help: "Virtual private networks",
			permission: "security",
			children: {
				policy: list({
					help: "Policy",
					keys: { name: name() },
					children: {
						mode: leaf(enumeration({ main: "Six messages", aggressive: "Three messages" }), {
							help: "Exchange",
							default: "main",
						}),
						proposals: leafList(union([reference("vpn proposal"), keyword("any", "All of them")]), {
							help: "Offered in this order",
							maxValues: 2,
						}),
						"pre-shared-key": container({
							help: "Key",
							layout: "line",
							children: { "ascii-text": leaf(secret(), { help: "Key as text" }) },
						}),
					},
				}),
				proposal: list({
					help: "Proposal",
					keys: { name: name() },
					children: {
						"lifetime-seconds": leaf(integer({ min: 180, max: 86_400, unit: "seconds" }), {
							help: "Lifetime",
							default: 3_600,
						}),
						description: leaf(text(), { help: "Text" }),
					},
				}),
				gateway: list({
					help: "Peer",
					order: "user",
					keys: { name: name() },
					alternatives: [{ of: ["address", "dynamic"] }],
					children: {
						"ike-policy": leaf(reference("vpn policy"), { help: "Policy", mandatory: true }),
						address: leafList(address(), { help: "Address" }),
						dynamic: container({
							help: "Any address",
							presence: true,
							children: { limit: leaf(integer({ min: 1, max: 9 }), { help: "n" }) },
						}),
						"general-ikeid": flag({ help: "Accept any identity" }),
						allowlist: leafList(prefix(), { help: "Sources", aliases: ["whitelist"] }),
					},
				}),
				route: list({
					help: "Route",
					keys: { prefix: prefix() },
					layout: "line-if-single",
					order: "user",
					children: {
						"next-hop": leaf(address(), { help: "Gateway" }),
						metric: leaf(integer({ min: 0, max: 255 }), { help: "m" }),
					},
				}),
			},
		}),
	},
});
const root = mergeSchemas([vpn]);

const source = `vpn {
    /* the branch office
     * calls at night */
    policy p1 {
        proposals [ strong weak ];
        pre-shared-key ascii-text "$9$xFU-b2ZUH5Qn4aQn/CB17-V"; ## SECRET-DATA
    }
    proposal strong;
    proposal weak {
        lifetime-seconds 180;
        description "two words";
    }
    gateway zulu {
        ike-policy p1;
        inactive: address 192.0.2.1;
        general-ikeid;
        allowlist [ 10.0.0.0/8 2001:db8::/32 ];
    }
    protect: gateway alpha {
        ike-policy p1;
        dynamic;
    }
    route 0.0.0.0/0 next-hop 192.0.2.9;
    route 10.0.0.0/8 {
        next-hop 192.0.2.8;
        metric 5;
    }
}
`;

test("the text of a configuration is read, printed the same, and becomes a typed snapshot", () => {
	const { tree, errors } = parseText(root, source);
	assert.deepEqual(errors, []);
	assert.equal(printText(root, tree), source);
	const { snapshot, warnings } = check(root, tree);
	assert.deepEqual(warnings, []);
	assert.ok(snapshot !== undefined);
	const config: Snapshot<typeof vpn> = snapshot;
	const policy = config.vpn.policy.get("p1");
	const mode: "main" | "aggressive" | undefined = policy?.mode;
	assert.equal(mode, "main");
	assert.deepEqual(policy?.proposals, ["strong", "weak"]);
	assert.equal(policy?.preSharedKey.asciiText?.danger_reveal(), "juniper");
	assert.equal(config.vpn.proposal.get("strong")?.lifetimeSeconds, 3_600);
	assert.deepEqual([...config.vpn.gateway.keys()], ["zulu", "alpha"]);
	const zulu = config.vpn.gateway.get("zulu");
	assert.equal(zulu?.name, "zulu");
	assert.deepEqual(zulu?.address, [], "inactive statements have no effect");
	assert.equal(zulu?.generalIkeid, true);
	assert.equal(zulu?.dynamic, undefined);
	assert.equal(zulu?.allowlist.length, 2);
	assert.deepEqual(config.vpn.gateway.get("alpha")?.dynamic, { limit: undefined });
});

test("errors of a check come with the path first", () => {
	const { tree, errors } = parseText(
		root,
		"vpn { policy p1 { proposals [ a b strng ]; } proposal strong; gateway g { address 192.0.2.1; dynamic; } }",
	);
	assert.deepEqual(errors, []);
	const checked = check(root, tree);
	assert.equal(checked.snapshot, undefined);
	assert.deepEqual(checked.errors.map(formatFinding), [
		"[edit vpn policy p1]\n  'proposals'\n    3 values; at most 2 are accepted",
		"[edit vpn gateway g]\n  missing mandatory statement: 'ike-policy'",
		"[edit vpn gateway g]\n  'address'\n    'address' and 'dynamic' exclude each other",
		"[edit vpn policy p1]\n  'proposals'\n    'a' is not defined under [edit vpn proposal]; defined: strong",
		"[edit vpn policy p1]\n  'proposals'\n    'b' is not defined under [edit vpn proposal]; defined: strong",
		"[edit vpn policy p1]\n  'proposals'\n    'strng' is not defined under [edit vpn proposal]; did you mean 'strong'?",
	]);
});

test("two statements of one name or an unknown alternative are bugs of the schema", () => {
	const one = flag({ help: "one" });
	assert.throws(
		() => container({ help: "x", children: { a: one, b: flag({ help: "b", aliases: ["a"] }) } }),
		/called a/,
	);
	assert.throws(() => container({ help: "x", children: { a: one }, alternatives: [{ of: ["a", "c"] }] }), /called c/);
});

test("slices that define the same container are merged; anything else that clashes throws", () => {
	const more = container({
		help: "More",
		children: {
			vpn: container({
				help: "",
				children: { policy: list({ help: "", keys: { name: name() }, children: { extra: flag({ help: "e" }) } }) },
			}),
		},
	});
	const merged = mergeSchemas([vpn, more]);
	const { tree, errors } = parseText(merged, "vpn { policy p { extra; mode main; } }");
	assert.deepEqual(errors, []);
	assert.equal(printText(merged, tree), "vpn {\n    policy p {\n        mode main;\n        extra;\n    }\n}\n");
	const checked = check(merged, tree).snapshot;
	const own: Snapshot<typeof more> | undefined = checked;
	assert.equal(own?.vpn.policy.get("p")?.extra, true);
	const clash = container({ help: "", children: { vpn: flag({ help: "clash" }) } });
	assert.throws(() => mergeSchemas([vpn, clash]), /vpn/);
});
