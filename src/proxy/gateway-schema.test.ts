import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const gateway = (statements: string) => findingsOf(`services { gateway { ${statements} } }`);

test("every way for traffic to enter is printed as entered", () => {
	const source = `services {
    gateway {
        explicit-proxy office {
            listen 127.0.0.1:8080;
            permit-local-targets;
            protocols [ http-connect socks5 ];
            from-zone trust;
        }
        transparent lan {
            listen 15443;
            mode redirect;
            interfaces ge-0/0/1.0;
            ports [ 443 990-995 ];
            preserve-source-address;
        }
        reverse shop {
            listen 192.0.2.1:443;
            server 10.0.0.5:8443;
            profile p;
        }
        offload wiki {
            listen [2001:db8::1]:443;
            server wiki.example:80;
            termination-profile t;
        }
        encrypt legacy {
            listen 127.0.0.1:2525;
            server mail.example:465;
            initiation-profile i;
        }
        pass-through other {
            listen 192.0.2.1:8443;
            server by-sni;
        }
        datagram voice {
            listen 192.0.2.1:5061;
            server 10.0.0.6:5061;
            pass-through;
        }
        workers 2;
        timeouts {
            idle 60;
        }
        maximum-sessions 100;
    }
    ssl {
        initiation {
            profile i;
        }
        termination {
            profile t {
                server-certificate a;
            }
        }
        proxy {
            profile p {
                server-certificate a;
            }
        }
    }
}
`;
	const zones = "security { zones { security-zone trust; } }";
	const interfaces = "interfaces { ge-0/0/1 { device eth1; } }";
	assert.deepEqual(findingsOf(source + zones + interfaces), []);
	const text = printedForm(source + zones);
	for (const [index, line] of source.split("\n").entries()) {
		if (index > 1 && index < 47) assert.ok(text.includes(line), line);
	}
	const { transparent, passThrough } = configOf(source + zones).services.gateway;
	assert.deepEqual(transparent.get("lan")?.ports, [
		{ from: 443, to: 443 },
		{ from: 990, to: 995 },
	]);
	assert.equal(passThrough.get("other")?.server, "by-sni");
});

test("two listeners at one address are refused, whatever their kind; datagrams are apart", () => {
	const listener = "listen 127.0.0.1:8080;";
	assert.deepEqual(gateway(`explicit-proxy a { ${listener} } explicit-proxy b { ${listener} }`), [
		"error services gateway explicit-proxy b 'listen': the same address as explicit-proxy a",
	]);
	assert.deepEqual(gateway(`explicit-proxy a { ${listener} } pass-through b { ${listener} server by-sni; }`), [
		"error services gateway pass-through b 'listen': the same address as explicit-proxy a",
	]);
	assert.deepEqual(
		gateway(`explicit-proxy a { ${listener} } datagram b { ${listener} server a.example:1; pass-through; }`),
		[],
	);
});

test("a datagram listener does one thing", () => {
	assert.match(
		gateway("datagram d { listen 127.0.0.1:1; server a.example:1; }").join(),
		/one of 'profile', 'termination-profile'/,
	);
});

test("R34: the server of a datagram listener that opens is one of its own, and so is its certificate", () => {
	assert.deepEqual(gateway("datagram d { listen 127.0.0.1:1; server by-sni; pass-through; }"), []);
	const ssl =
		"ssl { termination { profile t { server-certificate c; } } proxy { profile p { root-ca sallyport-ca; } } }";
	const found = (statements: string) =>
		findingsOf(`services { gateway { datagram d { listen 127.0.0.1:1; ${statements} } } ${ssl} }`).join();
	assert.match(found("server by-sni; termination-profile t;"), /'server': by-sni needs pass-through/);
	assert.match(found("server a.example:1; profile p;"), /'profile': profile 'p' has no 'server-certificate'/);
});

test("a datagram listener that leads back to itself, by way of another perhaps, is refused; one of TCP is another", () => {
	const listener = (name: string, at: number, to: number) =>
		`datagram ${name} { listen 127.0.0.1:${at}; server 127.0.0.1:${to}; pass-through; }`;
	assert.match(gateway(listener("a", 1, 1)).join(), /datagram a 'server': leads back to 127\.0\.0\.1:1/);
	assert.equal(gateway(`${listener("a", 1, 2)} ${listener("b", 2, 1)}`).length, 2);
	const tcp = "pass-through t { listen 127.0.0.1:2; server 127.0.0.1:1; }";
	assert.deepEqual(gateway(`${listener("a", 1, 2)} ${tcp}`), []);
});

test("what is not said has its default", () => {
	const { timeouts, maximumSessions, workers } = configOf("").services.gateway;
	assert.deepEqual(timeouts, { request: 10, clientHello: 10, connect: 20, handshake: 15, idle: 600 });
	assert.equal(maximumSessions, 20_000);
	assert.equal(workers, undefined);
});

test("users of a proxy have hashes that can be compared, and the hash of one that cannot is not shown", () => {
	const user = (hash: string) =>
		gateway(`explicit-proxy a { listen 127.0.0.1:1; authentication { user alice { encrypted-password "${hash}"; } } }`);
	const sha512 = `$6$salt$${"a".repeat(86)}`;
	for (const hash of [sha512, "*", `$5$rounds=9999$salt$${"b".repeat(43)}`]) assert.deepEqual(user(hash), []);
	assert.deepEqual(user("$1$salt$secret"), [
		"error services gateway explicit-proxy a authentication user alice 'encrypted-password': expected a hash of SHA-crypt, $6$salt$hash or $5$salt$hash, as openssl passwd -6 makes it",
	]);
	assert.match(user(sha512.replace("$6$", "$6$rounds=200000$")).join(), /at most 100000 rounds/);
});
