import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";

const zones = (statements: string) => findingsOf(`security { zones { ${statements} } }`);

test("zones and their interfaces stay in the order in which they were entered", () => {
	const source = `security {
    zones {
        functional-zone management {
            host-inbound-traffic {
                system-services {
                    ssh;
                }
            }
            interfaces {
                fxp0.0;
            }
        }
        security-zone untrust {
            tcp-rst;
            address-book {
                address chicago 192.168.168.0/24;
            }
            host-inbound-traffic {
                system-services {
                    all;
                    ftp {
                        except;
                    }
                }
                protocols {
                    all;
                }
            }
            interfaces {
                st0.1;
                ge-0/0/1.0 {
                    host-inbound-traffic {
                        system-services {
                            ike;
                        }
                    }
                }
            }
        }
        security-zone trust;
    }
}
`;
	assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(`interfaces { ge-0/0/1 { device eth1; } } ${source}`), [
		"warning security zones security-zone untrust 'address-book': the statement is deprecated; use 'security address-book NAME attach zone ZONE'",
	]);
});

test("an interface is in one zone, with its unit", () => {
	assert.deepEqual(
		zones("security-zone a { interfaces { eth0.0; } } security-zone b { interfaces { eth0.0; eth1.0; } }"),
		["error security zones security-zone b interfaces 'eth0.0': is in zone a already"],
	);
	assert.deepEqual(
		zones("functional-zone management { interfaces { eth0.0; } } security-zone b { interfaces { eth0.0; } }"),
		["error security zones security-zone b interfaces 'eth0.0': is in zone management already"],
	);
	assert.match(
		zones("security-zone a { interfaces { ge-0/0/3; } }").join(),
		/expected a logical interface such as ge-0\/0\/3\.0/,
	);
});

test("services and protocols are those that exist", () => {
	assert.match(zones("security-zone a { host-inbound-traffic { system-services { gopher; } } }").join(), /gopher/);
	assert.match(zones("security-zone a { host-inbound-traffic { protocols { ike; } } }").join(), /ike/);
});
