import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const book = (statements: string) => findingsOf(`security { address-book { b { ${statements} } } }`);

test("an address is a prefix, a name, a range or a wildcard; alone it stands on one line", () => {
	const source = `security {
    address-book {
        book1 {
            description text;
            address chicago 1111::abcd/64;
            address range {
                description "Dial in";
                range-address 10.0.0.1 {
                    to {
                        10.0.0.9;
                    }
                }
            }
            address site {
                dns-name www.example.com {
                    ipv4-only;
                }
            }
            address sunnyvale 10.10.10.0/24;
            address wild wildcard-address 10.0.0.11/255.0.0.255;
            address-set all {
                address chicago;
                address sunnyvale;
                address-set more;
            }
            address-set more {
                address range;
            }
            attach {
                zone trust;
                zone untrust;
            }
        }
    }
    zones {
        security-zone trust;
        security-zone untrust;
    }
}
`;
	assert.equal(printedForm(source), source);
	const { book: books } = configOf(source).security.addressBook;
	const entries = books.get("book1");
	assert.deepEqual(entries?.address.get("chicago")?.ipPrefix?.length, 64);
	assert.deepEqual([...(entries?.address.get("site")?.dnsName.keys() ?? [])], ["www.example.com"]);
	assert.deepEqual([...(entries?.attach.zone.keys() ?? [])], ["trust", "untrust"]);
});

test("the forms of one line and of braces are the same", () => {
	assert.equal(
		printedForm("security { address-book global { address r range-address 10.0.0.1 to 10.0.0.9; } }"),
		printedForm("security { address-book { global { address r { range-address 10.0.0.1 { to 10.0.0.9; } } } } }"),
	);
});

test("an address is exactly one thing", () => {
	assert.deepEqual(book("address a { description nothing; }"), [
		"error security address-book b address a: missing mandatory statement: one of 'ip-prefix', 'dns-name', 'range-address', 'wildcard-address'",
	]);
	assert.match(book("address a { dns-name a.example; dns-name b.example; }").join(), /2 entries; at most 1/);
});

test("a range goes upwards within one family", () => {
	assert.deepEqual(book("address a range-address 10.0.0.1 to 10.0.0.1;"), []);
	assert.deepEqual(book("address a range-address 10.0.0.2 to 10.0.0.1;"), [
		"error security address-book b address a 'range-address': the lower end is above the upper one",
	]);
	assert.deepEqual(book("address a range-address 10.0.0.2 to ::1;"), [
		"error security address-book b address a 'range-address': the two ends are of different families",
	]);
});

test("members exist in the same book, sets do not contain themselves, names are used once", () => {
	assert.match(book("address-set s { address a; }").join(), /'a' is not defined/);
	assert.deepEqual(book("address-set s { address-set t; } address-set t { address-set s; }"), [
		"error security address-book b address-set s 'address-set': contains itself by way of its members",
		"error security address-book b address-set t 'address-set': contains itself by way of its members",
	]);
	assert.deepEqual(book("address s 10.0.0.0/8; address-set s { address s; }"), [
		"error security address-book b address-set s: an address has this name already",
	]);
});
