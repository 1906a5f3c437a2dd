/** gRPC through HTTP/2 inspection, client and server of the grpc library of Python. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { eventually, freePort, type Owner, Program, startGateway } from "../support/gateway.ts";
import { TestCa } from "../support/origins.ts";
import { hasPeers, requirePeers } from "../support/peers.ts";

const owner = { after };
const python = "/usr/bin/python3";
const peers = [python, "/usr/lib/python3/dist-packages/grpc/__init__.py"];
const ca = new TestCa();
const identity = ca.identity(["app.test"]);
const folder = mkdtempSync(join(tmpdir(), "sallyport-grpc-"));
after(() => rmSync(folder, { recursive: true, force: true }));
for (const [name, text] of [
	["chain.pem", identity.cert],
	["key.pem", identity.key],
	["eicar", Buffer.from(shippedPatterns.get("eicar") ?? [])],
] as const)
	writeFileSync(join(folder, name), text);

const serverProgram = `
import grpc, sys, time
from concurrent import futures
folder, port = sys.argv[1], sys.argv[2]
eicar = open(folder + "/eicar", "rb").read()
def unary(request, context):
    context.set_trailing_metadata((("x-trailer", "kept"),))
    return b"answer to " + request
def refuse(request, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today")
def talk(requests, context):
    context.send_initial_metadata((("x-head", "kept"),))
    for request in requests:
        if request == b"infect": yield eicar
        else: yield b"echo " + request
    context.set_trailing_metadata((("x-trailer", "kept"),))
handlers = grpc.method_handlers_generic_handler("test.Service", {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Refuse": grpc.unary_unary_rpc_method_handler(refuse),
    "Talk": grpc.stream_stream_rpc_method_handler(talk),
})
server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
server.add_generic_rpc_handlers((handlers,))
pair = (open(folder + "/key.pem", "rb").read(), open(folder + "/chain.pem", "rb").read())
server.add_secure_port("127.0.0.1:" + port, grpc.ssl_server_credentials((pair,)))
server.start()
print("ready", flush=True)
server.wait_for_termination()
`;

/** Each line that it prints is what one step came to; a stream sends its next message only when the last was answered. */
const clientProgram = `
import grpc, queue, sys
folder, port, authority = sys.argv[1], sys.argv[2], sys.argv[3]
eicar = open(folder + "/eicar", "rb").read()
channel = grpc.secure_channel("app.test:" + port, grpc.ssl_channel_credentials(open(authority, "rb").read()))
def unary(method, request):
    try:
        answer, call = channel.unary_unary("/test.Service/" + method).with_call(request, timeout=20)
        print(method, answer.decode(), call.code().name, dict(call.trailing_metadata()).get("x-trailer"))
    except grpc.RpcError as failed:
        print(method, failed.code().name, failed.details())
def talk(*messages):
    waiting = queue.Queue()
    call = channel.stream_stream("/test.Service/Talk")(iter(waiting.get, None), timeout=20)
    try:
        for message in messages:
            waiting.put(message)
            print("talk", next(call).decode())
        waiting.put(None)
        rest = list(call)
        print("talk", len(rest), call.code().name, dict(call.initial_metadata()).get("x-head"), dict(call.trailing_metadata()).get("x-trailer"))
    except grpc.RpcError as failed:
        waiting.put(None)
        print("talk", failed.code().name)
unary("Unary", b"one")
unary("Refuse", b"one")
talk(b"one", b"two", b"x" * 100000)
unary("Unary", b"with " + eicar)
talk(b"one", b"infect", b"two")
talk(b"one", eicar)
unary("Unary", b"two")
`;

const port = await freePort();
const gateway = await startGateway(owner, { trust: ca.root.pem, mappings: { "app.test": "inet 127.0.0.1;" } });
if (hasPeers(peers)) {
	const server = start(owner, serverProgram, [folder, `${port}`]);
	await server.says("ready");
}

function start(of: Owner, program: string, words: readonly string[]): Program {
	const proxy = `http://127.0.0.1:${gateway.ports.ipv4}`;
	const started = new Program(
		spawn(python, ["-c", program, ...words], { env: { ...process.env, grpc_proxy: proxy, GRPC_VERBOSITY: "NONE" } }),
	);
	of.after(() => void started.child.kill());
	return started;
}

test("R189: calls and streams of gRPC pass unbuffered with their trailers, a blocked one fails cleanly, and the channel goes on", async (t) => {
	if (!requirePeers(t, peers)) return;
	const client = start(t, clientProgram, [folder, `${port}`, gateway.caFile]);
	await client.ended;
	const lines = client.output
		.split("\n")
		.filter((line) => /^(?:Unary|Refuse|talk) /.test(line))
		.map((line) => (line.length > 1_000 ? `${line.slice(0, 11)}... ${line.length}` : line));
	assert.deepEqual(
		lines,
		[
			"Unary answer to one OK kept",
			"Refuse FAILED_PRECONDITION not today",
			// A message reached the other side, and was answered, before the stream ended.
			"talk echo one",
			"talk echo two",
			"talk echo x... 100010",
			"talk 0 OK kept kept",
			"Unary PERMISSION_DENIED Received http2 header with status: 403",
			"talk echo one",
			"talk INTERNAL",
			"talk echo one",
			"talk INTERNAL",
			"Unary answer to two OK kept",
		],
		client.output,
	);
	const record = await eventually(
		() => gateway.records().find(({ server }) => server.port === port && server.host === "app.test"),
		"the record of the channel",
	);
	assert.deepEqual(
		record.findings.map(({ name, where, verdict }) => [name, where, verdict]),
		[
			["eicar", "request-body", "block"],
			["eicar", "response-body", "block"],
			["eicar", "request-body", "block"],
		],
	);
	assert.deepEqual([record.requests, record.inspection, record.faultCode], [7, "inspected", undefined]);
});
