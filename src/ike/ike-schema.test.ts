import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

const source = `security {
    ike {
        traceoptions {
            file ike-trace size 1m files 5;
            flag all;
            flag ike;
            no-remote-trace;
            rate-limit 100;
        }
        respond-bad-spi;
        proposal strong {
            description "For the branches";
            authentication-method rsa-signatures;
            dh-group group20;
            encryption-algorithm aes-256-gcm;
            lifetime-seconds 180;
        }
        policy branches {
            mode aggressive;
            proposals strong;
            certificate {
                local-certificate gw;
                trusted-ca use-all;
                peer-certificate-type pkcs7;
            }
        }
        policy old {
            proposal-set basic;
            pre-shared-key hexadecimal "$9$DFimTz36tpBP5Ecyrvdb2"; ## SECRET-DATA
        }
        gateway branch {
            ike-policy branches;
            address [ 192.0.2.1 2001:db8::1 branch.example ];
            dead-peer-detection;
            no-nat-traversal;
            nat-keepalive 20;
            local-identity distinguished-name;
            remote-identity distinguished-name container "O=Example, OU=Branches";
            external-interface ge-0/0/3.0;
            general-ikeid;
            version v1-only;
        }
        gateway users {
            ike-policy old;
            dynamic {
                hostname users.example;
                connections-limit 10;
                ike-user-type shared-ike-id;
            }
            external-interface ge-0/0/3.0;
            xauth {
                access-profile remote;
            }
        }
    }
}
`;

test("proposals, policies and gateways are printed in the order of Junos", () => {
	const key = printedForm("security { ike { policy old { pre-shared-key hexadecimal 00ff; } } }").match(
		/"\$9\$.*"/,
	)?.[0];
	const text = source.replace(/"\$9\$[^"]*"/, key ?? "");
	assert.equal(printedForm(text), text);
	const { gateway, respondBadSpi } = configOf(`${text} access { profile remote; }`).security.ike;
	assert.equal(respondBadSpi, 5);
	assert.deepEqual(gateway.get("branch")?.deadPeerDetection, {
		optimized: false,
		probeIdleTunnel: false,
		alwaysSend: false,
		interval: 10,
		threshold: 5,
	});
	assert.equal(gateway.get("branch")?.remoteIdentity.distinguishedName?.container, "O=Example, OU=Branches");
	assert.equal(gateway.get("users")?.dynamic?.connectionsLimit, 10);
});

test("the ranges are those of the manual", () => {
	const cases: readonly (readonly [string, number, number])[] = [
		["security ike respond-bad-spi", 1, 30],
		["security ike proposal p lifetime-seconds", 180, 86_400],
		["security ike gateway g dead-peer-detection interval", 0, 60],
		["security ike gateway g dead-peer-detection threshold", 1, 5],
		["security ike gateway g nat-keepalive", 1, 300],
		["security ike traceoptions rate-limit", 0, 4_294_967_295],
	];
	for (const [path, min, max] of cases) {
		const within = (value: number) => findingsOf(`${path} ${value};`).join();
		for (const good of [min, max]) assert.doesNotMatch(within(good), /not within range/, path);
		for (const bad of [min - 1, max + 1])
			assert.match(within(bad), new RegExp(`not within range \\(${min}\\.\\.${max}\\)|Invalid`), path);
	}
});

test("at most four proposals, five addresses, one way to name the peer", () => {
	assert.deepEqual(
		findingsOf(vpnText({ policy: "proposals [ p p2 p3 p4 p5 ]; pre-shared-key ascii-text x;" })).filter((line) =>
			/at most/.test(line),
		),
		["error security ike policy p 'proposals': 5 values; at most 4 are accepted"],
	);
	assert.match(
		findingsOf(vpnText({ gateway: "address [ 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 ];" })).join(),
		/at most 5/,
	);
	assert.deepEqual(findingsOf(vpnText({ gateway: "address 192.0.2.1; dynamic hostname a.example;" })), [
		"error security ike gateway g 'address': 'address' and 'dynamic' exclude each other",
	]);
	assert.match(findingsOf(vpnText({ gateway: "" })).join(), /one of 'address', 'dynamic'/);
	assert.match(
		findingsOf(vpnText({ policy: "proposals p; proposal-set basic; pre-shared-key ascii-text x;" })).join(),
		/exclude each other/,
	);
	assert.match(
		findingsOf(vpnText({ policy: "pre-shared-key ascii-text x;" })).join(),
		/one of 'proposals', 'proposal-set'/,
	);
});

test("an identity is exactly one of its kinds", () => {
	const identity = (statement: string) => findingsOf(vpnText({ gateway: `address 192.0.2.1; ${statement}` }));
	assert.deepEqual(identity('remote-identity user-at-hostname "a@b.example";'), []);
	assert.match(identity("local-identity { inet 192.0.2.9; hostname a.example; }").join(), /exclude each other/);
	assert.match(
		findingsOf(vpnText({ gateway: "dynamic connections-limit 3;" })).join(),
		/one of 'distinguished-name', 'hostname'/,
	);
});

test("policies, proposals and access profiles must exist", () => {
	assert.match(
		findingsOf(vpnText({ policy: "proposals x; pre-shared-key ascii-text x;" })).join(),
		/'x' is not defined/,
	);
	assert.match(
		findingsOf(vpnText({ gateway: "address 192.0.2.1; xauth access-profile x;" })).join(),
		/'x' is not defined/,
	);
});
