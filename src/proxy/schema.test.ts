import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

test("what opens connections, where they enter and static host names stand in one tree", () => {
	const services = `services {
    ssl {
        proxy {
            profile inspect {
                root-ca ca;
            }
        }
    }
    gateway {
        explicit-proxy office {
            listen 192.0.2.1:8080;
        }
    }
}
`;
	const system = `system {
    static-host-mapping shop.example inet 192.0.2.1;
}
`;
	for (const source of [services, system]) assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(services + system), []);
	const config = configOf(services + system);
	assert.deepEqual(config.services.gateway.explicitProxy.get("office")?.listen, { host: "192.0.2.1", port: 8080 });
	assert.equal(config.services.ssl.proxy.profile.get("inspect")?.rootCa, "ca");
	assert.deepEqual([...config.system.staticHostMapping.keys()], ["shop.example"]);
});

test("a static host name has addresses of either family, each under its word", () => {
	const mapping = (statements: string) => `system { static-host-mapping shop.example { ${statements} } }`;
	const both = mapping("inet [ 192.0.2.1 192.0.2.2 ]; inet6 2001:db8::1;");
	assert.equal(configOf(both).system.staticHostMapping.get("shop.example")?.inet.length, 2);
	assert.match(findingsOf(mapping("inet 2001:db8::1;")).join(), /2001:db8::1/);
	assert.match(findingsOf(mapping("inet6 192.0.2.1;")).join(), /192\.0\.2\.1/);
});

test("a commit hears of profiles and of listeners", () => {
	const findings = findingsOf(`services {
		ssl { proxy { profile p { root-ca none; } } }
		gateway { explicit-proxy a { listen 192.0.2.1:80; } explicit-proxy b { listen 192.0.2.1:80; } }
	}`).join("\n");
	assert.match(findings, /error services ssl proxy profile p 'root-ca': certificate 'none' does not exist/);
	assert.match(findings, /error services gateway explicit-proxy b/);
});
