/** Transparent clients that name one server and address another: nginx as the server, its name with another address (V22). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/gateway.ts";
import { exemptName, labAddresses, labPeers, makeLab, openName } from "../support/lab.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import { TestCa } from "../support/origins.ts";

const listener = "transparent a { listen 15443; interfaces g-lan.0; }";
/** Only the name that is opened leads to the server. */
const mappings = { [openName]: `inet ${labAddresses.server.ipv4};`, [exemptName]: "inet 192.0.2.99;" };

test("V22 N5 F12: a server at another address than its name's is let be with a valid certificate, and ended without one; a request for a third name is refused", async (t) => {
	if (!requireNamespaces(t, labPeers)) return;
	const lab = await makeLab(t);
	const drop = { mappings, actions: "sni-address-mismatch drop;" };
	const first = await lab.startSallyport(t, listener, drop);
	// As with a large provider, that gives each resolver other addresses.
	assert.equal(lab.fetch(first.caPem, { name: exemptName }).issuer, "Lab Intermediate");
	assert.match(lab.fetch(first.caPem).issuer, /^Sallyport/);
	const records = await eventually(() => first.records().length === 2 && first.records(), "both records");
	assert.deepEqual(records.map(({ sni, nameCheck, decision }) => [sni, nameCheck, decision]).sort(), [
		[exemptName, "differs", "bypass"],
		[openName, "agrees", "decrypt"],
	]);
	assert.deepEqual(first.events("SNI_ADDRESS_MISMATCH"), []);
	const fronted = lab.fetch(first.caPem, { host: "hidden.example" });
	assert.match(fronted.body, /421 Misdirected Request/, fronted.errors);
	const three = await eventually(() => first.records().length === 3 && first.records(), "its record");
	assert.match(JSON.stringify(three), /a request for hidden\.example over a connection to/);
	await first.stop();

	// A server that nobody vouches for.
	const other = { trust: new TestCa("Other").root.pem };
	const second = await lab.startSallyport(t, listener, { ...drop, ...other });
	const refused = lab.fetch(second.caPem, { name: exemptName });
	assert.deepEqual([refused.status, refused.issuer], [35, ""], refused.errors);
	const [event] = await eventually(() => {
		const events = second.events("SNI_ADDRESS_MISMATCH");
		return events.length > 0 && events;
	}, "the event");
	assert.deepEqual([event?.fields.name, event?.fields.server], [exemptName, labAddresses.server.ipv4]);
	const [record] = await eventually(() => second.records().length === 1 && second.records(), "the record");
	assert.equal(record?.faultCode, "SERVER_CERTIFICATE_INVALID");
	assert.match(record?.endedBecause ?? "", new RegExp(`it has no address of ${exemptName}`));
	// One at an address of its name is only warned of.
	assert.equal(lab.fetch(second.caPem).status, 60);
	await second.stop();

	// By default the client's word for an exempt name is taken, and the record tells.
	const third = await lab.startSallyport(t, listener, { mappings, ...other });
	assert.equal(lab.fetch(third.caPem, { name: exemptName }).issuer, "Lab Intermediate");
	const [told] = await eventually(() => third.records().length === 1 && third.records(), "the record");
	assert.deepEqual([told?.nameCheck, told?.decision], ["differs", "bypass"]);
});
