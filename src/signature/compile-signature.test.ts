import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileSignature } from "#signature/compile-signature.ts";
import { keywords } from "#signature/keyword-table.ts";
import { parseRuleLine } from "#signature/parse-rule.ts";
import { defaultVariables, HeaderCompiler } from "#signature/rule-address.ts";
import { anyHttp, anyTcp, anyTls, problemOf, signatureOf } from "../../test/support/signatures.ts";

test("a keyword that is not supported disables the rule and is named", () => {
	assert.equal(problemOf('content:"a"; lua:x.lua;'), "lua: the keyword is not supported");
	assert.match(problemOf("", "alert dns any any -> any any"), /^protocol: protocol dns/);
	assert.match(problemOf("", "alert http $NONE any -> any any"), /^source: variable \$NONE/);
	assert.match(problemOf("", "alert http any any -> any x"), /^destination ports: /);
	const parsed = parseRuleLine(`${anyHttp} (msg:"a";)`);
	assert.ok(parsed.kind === "rule");
	const compiled = compileSignature(parsed.rule, new HeaderCompiler(defaultVariables));
	assert.deepEqual(compiled.kind === "disabled" && compiled.problem.where, "sid");
});

test("the direction follows from the buffers when flow does not say it, and must agree when it does", () => {
	assert.equal(signatureOf('http.uri; content:"a";').direction, "to-server");
	assert.equal(signatureOf('http.stat_code; content:"200";').direction, "to-client");
	assert.equal(signatureOf('http.header; content:"a";').direction, "both");
	assert.equal(signatureOf('flow:to_server; file.data; content:"a";').direction, "to-server");
	assert.match(problemOf('flow:to_client; http.uri; content:"a";'), /^flow: /);
	assert.match(problemOf('http.uri; content:"a"; http.stat_code; content:"200";'), /^flow: /);
});

test("the protocol follows from the buffers when the header says tcp", () => {
	assert.equal(signatureOf('http.uri; content:"a";', anyTcp).protocol, "http");
	assert.equal(signatureOf('tls.sni; content:"a";', anyTcp).protocol, "tls");
	assert.match(problemOf('tls.sni; content:"a";', anyHttp), /different protocols/);
	assert.match(problemOf('http.uri; content:"a"; tls.sni; content:"b";', anyTcp), /different protocols/);
});

test("file.data is of mail where the header says so", () => {
	for (const protocol of ["smtp", "imap", "pop3"] as const) {
		const mail = signatureOf('file.data; content:"a";', `alert ${protocol} any any -> any any`);
		assert.deepEqual([mail.protocol, mail.stage], [protocol, "body"]);
		assert.match(problemOf('http.uri; content:"a";', `alert ${protocol} any any -> any any`), /different protocols/);
	}
});

test("a rule waits for the last message that it asks for", () => {
	assert.equal(signatureOf('content:"a";', anyTcp).stage, "stream");
	assert.equal(signatureOf('http.uri; content:"a";').stage, "head");
	assert.equal(signatureOf('http.uri; content:"a"; http.request_body; content:"b";').stage, "body");
	assert.equal(signatureOf('tls.sni; content:"a";', anyTls).stage, "client-hello");
	assert.equal(signatureOf('tls.cert_subject; content:"a"; tls.version:1.2;', anyTls).stage, "certificate");
	assert.equal(signatureOf("flowbits:isset,a;").stage, "head");
});

test("any options give an answer and nothing is thrown", () => {
	const names = [...keywords.keys(), "unknown"];
	const value = fc.oneof(
		fc.string({ unit: fc.constantFrom(...'!"|ab01,<>-= /') }),
		fc.constantFrom('"a"', '!"|61|"', "1", "to_server", "set,a", "2,0,v"),
	);
	const option = fc.tuple(fc.constantFrom(...names), fc.option(value, { nil: undefined }));
	fc.assert(
		fc.property(fc.array(option, { maxLength: 12 }), (options) => {
			const text = options.map(([name, each]) => (each === undefined ? `${name};` : `${name}:${each};`)).join(" ");
			const parsed = parseRuleLine(`${anyTcp} (${text} sid:1;)`);
			if (parsed.kind === "rule") compileSignature(parsed.rule, new HeaderCompiler(defaultVariables));
		}),
	);
});

test("buffers of mail are of rules about mail; addresses and files come at different moments", () => {
	const smtp = "alert smtp any any -> any any";
	assert.equal(signatureOf('email.subject; content:"a";', "alert tcp any any -> any any").protocol, "smtp");
	assert.equal(signatureOf('email.subject; content:"a";', "alert imap any any -> any any").protocol, "imap");
	const helo = signatureOf('smtp.helo; content:"a";', smtp);
	assert.deepEqual([helo.stage, helo.direction], ["mail", "to-server"]);
	assert.equal(signatureOf('email.url; content:"a"; email.from; content:"b";', smtp).stage, "mail-end");
	assert.match(problemOf('smtp.helo; content:"a";', "alert pop3 any any -> any any"), /^protocol: /);
	assert.match(problemOf('email.from; content:"a";'), /^protocol: /);
	assert.match(problemOf('email.url; content:"a"; file.data; content:"b";', smtp), /^email\.url: /);
});
