import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

test("the page is there without a statement, under sallyport.test", () => {
	const { onboarding } = configOf("").services.gateway;
	assert.deepEqual(onboarding, {
		disable: false,
		hostName: "sallyport.test",
		proxyAddress: undefined,
		contact: undefined,
	});
});

test("name, proxy address and contact are settable and are printed as entered", () => {
	const source = `services {
    gateway {
        onboarding {
            disable;
            host-name trust.corp.example;
            proxy-address proxy.corp.example:3128;
            contact "Service desk, 4711";
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	assert.deepEqual(configOf(source).services.gateway.onboarding, {
		disable: true,
		hostName: "trust.corp.example",
		proxyAddress: { host: "proxy.corp.example", port: 3128 },
		contact: "Service desk, 4711",
	});
});

for (const [says, statement] of [
	["an address as the name", "host-name 192.0.2.1;"],
	["a name with a quote in it", `host-name "a'b.test";`],
	["an empty contact", `contact "";`],
	["a contact of 201 characters", `contact "${"x".repeat(201)}";`],
] as const) {
	test(`${says} is refused`, () => {
		assert.notEqual(findingsOf(`services { gateway { onboarding { ${statement} } } }`).length, 0);
	});
}
