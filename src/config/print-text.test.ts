import assert from "node:assert/strict";
import { test } from "node:test";
import { inSchemaOrder, printText } from "#config/print-text.ts";
import { emptyTree } from "#config/tree.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const source = `system {
    root-authentication secret "$9$xFU-b2ZUH5Qn4aQn/CB17-V"; ## SECRET-DATA
}
security {
    ike {
        respond-bad-spi;
        gateway g {
            ike-policy p;
            dead-peer-detection;
        }
        traceoptions {
            file trace files 3;
            flag all;
        }
    }
    address-book {
        global {
            address a 10.0.0.0/8;
            address b {
                description "two words";
                10.0.0.0/8;
            }
            address c;
        }
    }
    policies {
        from-zone a to-zone b {
            policy p {
                match {
                    source-address any;
                    destination-address [ a b ];
                }
                then {
                    permit;
                }
            }
        }
    }
}
routing-options {
    static {
        route 0.0.0.0/0 next-hop 1.1.1.1;
        route 10.0.0.0/8 {
            next-hop [ 1.1.1.1 1.1.1.2 ];
            metric 5;
        }
    }
}
`;

test("every shape is printed as Junos prints it", () => {
	assert.equal(printText(sampleRoot, treeOf(source)), source);
	assert.equal(printText(sampleRoot, emptyTree), "");
});

test("secrets are replaced by a remark for those who may not see them", () => {
	const printed = printText(sampleRoot, treeOf(source), { hidesSecrets: true });
	assert.match(printed, /root-authentication secret \/\* SECRET-DATA \*\/;\n/);
	assert.ok(!printed.includes("$9$"));
});

test("a secret typed in clear is never printed in clear", () => {
	const printed = printText(sampleRoot, treeOf("system { root-authentication { secret hunter2; } }"));
	assert.ok(!printed.includes("hunter2"));
	assert.match(printed, /secret "\$9\$[^"]+"; ## SECRET-DATA/);
});

test("what is marked inside a one-liner gets braces and a line of its own", () => {
	const marked = treeOf(
		'security { ike { policy p { pre-shared-key { inactive: ascii-text "$9$xFU-b2ZUH5Qn4aQn/CB17-V"; } } } }',
	);
	assert.match(printText(sampleRoot, marked), /pre-shared-key \{\n\s+inactive: ascii-text "/);
});

test("the depth of the first line and a part of the tree can be chosen", () => {
	const system = treeOf("system { host-name gw; }").children.get("system");
	const child = inSchemaOrder(sampleRoot, treeOf("system { host-name gw; }"))[0]?.child;
	assert.ok(system?.kind === "branch" && child?.node.kind === "container");
	assert.equal(printText(child.node, system, { depth: 1 }), "    host-name gw;\n");
});
