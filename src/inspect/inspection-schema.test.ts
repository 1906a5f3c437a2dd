import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const within = (statements: string) => findingsOf(`security { inspection { ${statements} } }`);

test("bypass rules and traffic management stay in order, before patterns", () => {
	const source = `security {
    inspection {
        bypass-rule voice {
            match {
                source-address any;
                application junos-sip;
            }
        }
        bypass-rule backup {
            description "Nightly copies";
        }
        traffic-management slow {
            match {
                destination-address any-ipv6;
            }
            then {
                rate-limit 10000;
            }
        }
        traffic-management lab {
            then {
                trust;
            }
        }
        quarantine {
            hosts 10.9.9.9/32;
            exceptions any-ipv6;
            duration 60;
            redirect-address http://help.example/quarantine;
        }
        pattern secret {
            text "top secret";
            ignore-case;
            where [ request-body url ];
            then report;
        }
        pattern-policy p {
            patterns [ eicar secret ];
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(source), []);
	const { bypassRule } = configOf(source).security.inspection;
	assert.deepEqual([...bypassRule.keys()], ["voice", "backup"]);
	assert.deepEqual(bypassRule.get("backup")?.match.sourceAddress, ["any"]);
});

test("a pattern is text or hexadecimal, and a policy names patterns that exist", () => {
	assert.match(within("pattern p { text a; hexadecimal 00; }").join(), /exclude each other/);
	assert.match(within("pattern p { ignore-case; }").join(), /one of 'text', 'hexadecimal'/);
	assert.deepEqual(within("pattern a { text a; } pattern-policy p { patterns b; }"), [
		"error security inspection pattern-policy p 'patterns': pattern 'b' does not exist; existing: a, eicar",
	]);
});

test("traffic management does one thing", () => {
	assert.match(within("traffic-management t { then { block; trust; } }").join(), /exclude each other/);
	assert.match(within("traffic-management t;").join(), /one of 'block', 'trust', 'rate-limit'/);
});
