import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";

test("a route with one statement is one line; routes stay in order", () => {
	const source = `routing-options {
    rib inet6.0 {
        static {
            route ::/0 next-hop 2001:db8::1;
        }
    }
    static {
        route 192.168.168.0/24 next-hop st0.0;
        route 0.0.0.0/0 {
            next-hop [ 192.0.2.1 192.0.2.2 ];
            preference 10;
        }
        route 10.0.0.0/8 discard;
    }
    router-id 192.0.2.9;
    autonomous-system 64512;
}
routing-instances {
    VR1 {
        instance-type virtual-router;
        interface ge-0/0/1.0;
        interface st0.0;
        routing-options {
            static {
                route 6.6.6.0/24 next-hop st0.0;
            }
        }
    }
}
`;
	assert.equal(printedForm(source), source);
});

test("a route leads somewhere, and one way only", () => {
	const says = (route: string) => findingsOf(`routing-options { static { route ${route} } }`).join();
	assert.match(says("10.0.0.0/8 metric 3;"), /one of 'next-hop', 'discard', 'reject', 'next-table'/);
	assert.match(says("10.0.0.0/8 { discard; next-hop 192.0.2.1; }"), /exclude each other/);
	assert.match(says("10.0.0.1/8 discard;"), /host bits are set/);
});
