import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { editFields, editSection, type FieldEdit } from "#http/field-edit.ts";

const edit: FieldEdit = {
	removed: new Set(["client-cert", "x-user"]),
	added: [{ name: "Client-Cert", value: ":AA==:" }],
	refusesHttp2Upgrade: true,
};
const strip: FieldEdit = { removed: new Set(["alt-svc"]), added: [] };
const head = (...lines: readonly string[]) => `${lines.join("\r\n")}\r\n\r\n`;
const edited = (text: string, by = edit, kind: "head" | "trailers" = "head") => {
	const octets = editSection(text, kind, by);
	return octets === undefined ? undefined : Buffer.from(octets).toString("latin1");
};

test("fields are taken out in any spelling and put in behind the others, which stay as they were", () => {
	const sent = head(
		"GET / HTTP/1.1",
		"host:  a.test ",
		"CLIENT_CERT: forged",
		"client-Cert:x",
		"X_User: root",
		"Client.Cert: forged",
		"client~CERT: forged",
		"X: \xff\t1",
	);
	assert.equal(edited(sent), head("GET / HTTP/1.1", "host:  a.test ", "X: \xff\t1", "Client-Cert: :AA==:"));
});

test("a head in which there is nothing to change goes on as it came", () => {
	assert.equal(edited(head("HTTP/1.1 200 OK", "X: alt-svc", "Alt-Svcs: 1"), strip), undefined);
	assert.equal(edited(head("HTTP/1.1 200 OK"), strip), undefined);
	assert.equal(edited(head("HTTP/1.1 200 OK", 'alt-SVC: h3=":443"'), strip), head("HTTP/1.1 200 OK"));
});

test("Connection cannot have the next server drop what was put in", () => {
	const sent = head("GET / HTTP/1.1", "Host: a", "Connection: close, Client-Cert,client_cert", "connection: x-user");
	assert.equal(edited(sent), head("GET / HTTP/1.1", "Host: a", "Connection: close", "Client-Cert: :AA==:"));
});

test("an upgrade to HTTP/2 is not offered on, another is", () => {
	const offer = (protocol: string) => head("GET / HTTP/1.1", "Host: a", `Upgrade: ${protocol}`, "HTTP2-Settings: AAMA");
	assert.doesNotMatch(edited(offer("websocket, h2c")) ?? "", /upgrade|http2-settings/i);
	assert.match(edited(offer("websocket")) ?? "", /Upgrade: websocket\r\n/);
});

test("trailers lose fields and get none", () => {
	assert.equal(edited("Client-Cert: x\r\nSum: 1\r\n\r\n", edit, "trailers"), "Sum: 1\r\n\r\n");
	assert.equal(edited("Client-Cert: x\r\n\r\n", edit, "trailers"), "\r\n");
	assert.equal(edited("Sum: 1\r\n\r\n", edit, "trailers"), undefined);
	assert.equal(edited("\r\n", edit, "trailers"), undefined);
	assert.equal(editFields([{ name: "sum", value: "1" }], "trailers", edit), undefined);
});

test("in HTTP/2 names that are put in are in lower case, and pseudo-fields stay first", () => {
	const fields = [":method GET", ":path /", "client_cert x", "a b"].map((line) => {
		const [name = "", value = ""] = line.split(" ");
		return { name, value };
	});
	assert.deepEqual(
		editFields(fields, "head", edit)?.map(({ name }) => name),
		[":method", ":path", "a", "client-cert"],
	);
	assert.equal(editFields(fields, "head", strip), undefined);
});

test("whatever a head holds, of the names that are taken out only what was put in is left, and the rest in its order", () => {
	const name = fc.constantFrom("Client-Cert", "client_cert", "CLIENT-cert", "X-User", "x_user", "Accept", "Cookie");
	const line = fc
		.tuple(name, fc.string({ unit: fc.constantFrom(..."a, :=") }))
		.map(([key, value]) => `${key}: ${value}`);
	fc.assert(
		fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
			const after = (edited(head("GET / HTTP/1.1", ...lines)) ?? "").split("\r\n").slice(1, -2);
			const kept = lines.filter((one) => /^(Accept|Cookie):/.test(one));
			assert.deepEqual(after, [...kept, "Client-Cert: :AA==:"]);
		}),
	);
});
