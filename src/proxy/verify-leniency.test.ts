import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "#base/address.ts";
import { evaluateHello } from "#policy/evaluate.ts";
import { compileGateway } from "#proxy/compile.ts";
import { configOf, findingsOf } from "../../test/support/config-text.ts";

const policy = (name: string, profile: string, more = "") => `policy ${name} {
	match { source-address any; destination-address any; application any; }
	then { permit { application-services { ssl-proxy { profile-name ${profile}; } pattern-policy standard; } } }
	${more}
}`;
const text = (policies: string) => `
	services { ssl { proxy {
		profile strict { root-ca ca; }
		profile lenient { root-ca ca; actions { ignore-server-auth-failure; } }
	} } }
	schedulers {
		scheduler today { start-date 2026-11-30.08:00 stop-date 2026-11-30.18:00; daily { all-day; } }
		scheduler mornings { daily { start-time 08:00 stop-time 12:00; } }
	}
	security {
		inspection { pattern-policy standard { patterns eicar; } }
		policies { global { ${policies} } }
	}`;
const told = (policies: string) => findingsOf(text(policies)).filter((line) => /without an end/.test(line));

test("N10: a policy that ignores server authentication failures without an end is told of at commit", () => {
	const at = "security policies global policy a then permit application-services 'ssl-proxy'";
	const warning = [
		`warning ${at}: servers go unauthenticated without an end; give the policy a scheduler with a 'stop-date'`,
	];
	assert.deepEqual(told(policy("a", "lenient")), warning);
	assert.deepEqual(told(policy("a", "lenient", "scheduler-name mornings;")), warning);
	assert.deepEqual(told(policy("a", "lenient", "scheduler-name today;")), []);
	assert.deepEqual(told(policy("a", "strict")), []);
});

test("N10: behind its last moment the policies after it decide; for all profiles together there is no such statement", () => {
	const { policy: compiled } = compileGateway(
		configOf(text(`${policy("a", "lenient", "scheduler-name today;")} ${policy("b", "strict")}`)),
	);
	const client = parseAddress("10.0.0.1");
	assert.ok(client !== undefined);
	const at = (hour: number) =>
		evaluateHello(compiled, { client, port: 443, now: new Date(2026, 10, 30, hour).getTime() }).profile;
	assert.deepEqual([at(9)?.ignoresServerAuthFailure, at(19)?.ignoresServerAuthFailure], [true, false]);
	assert.throws(() => configOf("services { ssl { proxy { global-config { ignore-server-auth-failure; } } } }"));
});
