/**
 * curl, openssl and gnutls-cli begin TLS through the machines of the mail protocols: a relay drives one over real sockets, and lets
 * the TLS of both ends pass behind it.
 */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { TLSSocket } from "node:tls";
import { ImapMachine } from "#mail/imap-machine.ts";
import type { MailMachine, MailPolicy } from "#mail/mail-step.ts";
import { Pop3Machine } from "#mail/pop3-machine.ts";
import { SmtpMachine } from "#mail/smtp-machine.ts";
import { listenOnLoopback, startMailRelay } from "../support/mail-relay.ts";
import { TestCa } from "../support/origins.ts";
import { requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";
const identity = new TestCa().identity(["mail.test"]);

type Protocol = "smtp" | "imap" | "pop3";

const machines: Readonly<Record<Protocol, (policy: MailPolicy) => MailMachine>> = {
	smtp: (policy) => new SmtpMachine(policy),
	imap: (policy) => new ImapMachine(policy),
	pop3: (policy) => new Pop3Machine(policy),
};

const greetings: Readonly<Record<Protocol, string>> = {
	smtp: "220 mail.test ESMTP\r\n",
	imap: "* OK ready\r\n",
	pop3: "+OK ready\r\n",
};

for (const protocol of ["smtp", "imap", "pop3"] as const) {
	test(`openssl begins TLS over ${protocol}`, async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const mail = await startMail(t, protocol, { offersTls: true });
		const address = `127.0.0.1:${mail.port}`;
		const { output } = await run(
			t,
			"openssl",
			["s_client", "-brief", "-starttls", protocol, "-connect", address],
			"Q\n",
		);
		assert.match(output, /Protocol version: TLSv1\.3/);
		assert.deepEqual(mail.ends, ["upgrade"]);
	});

	test(`gnutls-cli begins TLS over ${protocol}`, async (t) => {
		if (!requirePeers(t, ["gnutls-cli"])) return;
		const mail = await startMail(t, protocol, { offersTls: true });
		const flags = ["--insecure", `--starttls-proto=${protocol}`, `--port=${mail.port}`, "127.0.0.1"];
		const { output } = await run(t, "gnutls-cli", flags);
		assert.match(output, /Handshake was completed/);
		assert.deepEqual(mail.ends, ["upgrade"]);
	});

	test(`curl goes on over TLS with ${protocol}, and says so when the offer was taken away`, async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const flags = ["-sS", "-k", "--ssl-reqd", "--max-time", "10", "-X", protocol === "imap" ? "CAPABILITY" : "NOOP"];
		// Otherwise curl takes the reply for a list and waits for its end.
		if (protocol === "pop3") flags.push("--head");
		const mail = await startMail(t, protocol, { offersTls: true });
		const good = await run(t, "curl", [...flags, `${protocol}://127.0.0.1:${mail.port}/`]);
		assert.deepEqual([good.status, mail.ends], [0, ["upgrade"]], good.output);
		assert.ok(mail.overTls.length > 0);
		const stripped = await startMail(t, protocol, { offersTls: false });
		const bad = await run(t, "curl", [...flags, `${protocol}://127.0.0.1:${stripped.port}/`]);
		assert.notEqual(bad.status, 0);
		assert.deepEqual(stripped.ends, ["MAIL_STARTTLS_MISSING"], bad.output);
	});

	test(`curl's password does not reach the server of ${protocol} without TLS`, async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const mail = await startMail(t, protocol, { offersTls: true, offersLogin: true });
		const command = protocol === "imap" ? [] : ["-X", "NOOP"];
		const url = `${protocol}://127.0.0.1:${mail.port}/`;
		await run(t, "curl", ["-sS", "--max-time", "10", "--user", "tim:secret", ...command, url]);
		assert.deepEqual(mail.ends, ["MAIL_CLEAR_REFUSED"]);
		assert.ok(!mail.inClear.some((line) => /AUTH|LOGIN|USER|PASS/i.test(line)), mail.inClear.join("\n"));
	});
}

interface MailOptions {
	readonly offersTls: boolean;
	readonly offersLogin?: boolean;
}

/** A server, and before it a relay that demands TLS. */
async function startMail(t: TestContext, protocol: Protocol, options: MailOptions) {
	const inClear: string[] = [];
	const overTls: string[] = [];
	const serverPort = await listenOnLoopback(t, (socket) => {
		socket.write(greetings[protocol]);
		serve(socket, inClear);
	});
	const relay = await startMailRelay(t, serverPort, () => machines[protocol]({ mustUseTls: true }));
	return { ...relay, inClear, overTls };

	function serve(socket: Socket | TLSSocket, lines: string[]): void {
		let text = "";
		const read = (chunk: Buffer) => {
			text += chunk.toString("latin1");
			for (let end = text.indexOf("\r\n"); end !== -1; end = text.indexOf("\r\n")) {
				const line = text.slice(0, end);
				text = text.slice(end + 2);
				lines.push(line);
				socket.write(answer(protocol, line, options));
				if (!/(?:^|\s)(?:STARTTLS|STLS)$/i.test(line)) continue;
				socket.off("data", read);
				const secure = new TLSSocket(socket, { isServer: true, cert: identity.cert, key: identity.key });
				secure.on("error", () => {});
				serve(secure, overTls);
			}
		};
		socket.on("data", read);
		socket.on("error", () => {});
	}
}

/** What a small server says to a line. */
function answer(protocol: Protocol, line: string, { offersTls, offersLogin = false }: MailOptions): string {
	if (protocol === "smtp") {
		if (/^EHLO/i.test(line)) {
			const offers = [...(offersTls ? ["STARTTLS"] : []), ...(offersLogin ? ["AUTH PLAIN"] : []), "SIZE"];
			return ["250-mail.test", ...offers.slice(0, -1).map((one) => `250-${one}`), `250 ${offers.at(-1)}`, ""].join(
				"\r\n",
			);
		}
		return /^STARTTLS/i.test(line) ? "220 go\r\n" : "250 ok\r\n";
	}
	if (protocol === "pop3") {
		if (/^CAPA/i.test(line)) return `+OK\r\n${offersTls ? "STLS\r\n" : ""}${offersLogin ? "USER\r\n" : ""}TOP\r\n.\r\n`;
		return "+OK\r\n";
	}
	const [tag = "*", command = ""] = line.split(" ");
	const list = `* CAPABILITY IMAP4rev1 ${offersTls ? "STARTTLS" : "IDLE"}${offersLogin ? " AUTH=PLAIN" : ""}\r\n`;
	return `${/^CAPABILITY/i.test(command) ? list : ""}${tag} OK done\r\n`;
}
