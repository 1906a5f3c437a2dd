import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";

const says = (statements: string) => findingsOf(`applications { ${statements} }`);

test("an application has a protocol and ports, or terms of one line each", () => {
	const source = `applications {
    application backup {
        protocol tcp;
        destination-port 10000-10010;
        inactivity-timeout never;
    }
    application both {
        term t1 alg dns protocol udp destination-port 53;
        term t2 protocol tcp destination-port domain;
    }
    application ping {
        protocol icmp;
        icmp-type 8;
        icmp-code 0;
    }
    application-set mine {
        application backup;
        application junos-https;
        application-set others;
    }
    application-set others {
        application both;
    }
}
`;
	assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(source), []);
});

test("ports and ICMP types belong to their protocols", () => {
	assert.deepEqual(says("application a { protocol gre; destination-port 1; source-port 2; }"), [
		"error applications application a 'destination-port': needs protocol tcp, udp, sctp",
		"error applications application a 'source-port': needs protocol tcp, udp, sctp",
	]);
	assert.deepEqual(says("application a { icmp-type 8; }"), [
		"error applications application a 'icmp-type': needs protocol icmp",
	]);
	assert.deepEqual(says("application a { term t icmp6-code 8; }"), [
		"error applications application a term t 'icmp6-code': needs protocol icmp6",
	]);
});

test("terms and parts of the application's own exclude each other; predefined names are taken", () => {
	assert.deepEqual(says("application a { protocol tcp; term t protocol udp; }"), [
		"error applications application a 'term': an application has either terms or a protocol and ports of its own",
	]);
	assert.deepEqual(says("application junos-https { destination-port 1; }"), [
		"error applications application junos-https: the name is a predefined one",
	]);
	assert.match(says("application a { inactivity-timeout 3; }").join(), /not within range \(4\.\.86400\)/);
});

test("members of a set exist, and a set does not contain itself", () => {
	assert.match(says("application-set s { application none; }").join(), /'none' is not defined/);
	assert.deepEqual(says("application-set s { application-set s; }"), [
		"error applications application-set s 'application-set': contains itself by way of its members",
	]);
	assert.deepEqual(says("application s { destination-port 1; } application-set s { application s; }"), [
		"error applications application-set s: an application has this name already",
	]);
});
