/** The beginning of programs that tests run alone: planes in user space, and sockets of ESP. */

/** Two planes on loopback, at 127.0.0.1 and 127.0.0.2, with a pair of associations that nobody negotiated. */
export const planesPrelude = `
	const { createSocket } = await import("node:dgram");
	const { parseAddress } = await import("#base/address.ts");
	const { openLinux } = await import("#base/linux-shell.ts");
	const { UserSpacePlane } = await import("#esp/user-space-plane-shell.ts");
	const linux = await openLinux();
	const told = [];
	const events = { wanted: (vpn) => told.push("wanted " + vpn), wornOut: (spi) => told.push("worn " + spi), spent: (spi) => told.push("spent " + spi), told: (note) => told.push(note.what), noted: (notes) => told.push(...notes.map((one) => JSON.stringify(one))) };
	const net = (first, last) => [{ protocol: 0, firstPort: 0, lastPort: 65_535, first: Uint8Array.from(first), last: Uint8Array.from(last) }];
	const any = net([0, 0, 0, 0], [255, 255, 255, 255]);
	const gcm = { engine: "aes-128-gcm", keyOctets: 16, saltOctets: 4, ivOctets: 8, blockOctets: 1, tagOctets: 16 };
	const key = (octet) => ({ encryption: new Uint8Array(20).fill(octet), integrity: new Uint8Array(0) });
	const place = (text) => ({ address: parseAddress(text), port: 4500 });
	const side = (vpn, own, peer, spis, keys, isEncapsulated, more = {}) => ({
		vpn, inboundSpi: spis[0], outboundSpi: spis[1], algorithms: { cipher: gcm, hasExtendedSequenceNumbers: false },
		inboundKeys: key(keys[0]), outboundKeys: key(keys[1]), localSelectors: any, remoteSelectors: any,
		path: { local: place(own), remote: place(peer), isEncapsulated }, replayWindow: 64, ...more,
	});
	const send = (to) => new Promise((done) => { const socket = createSocket("udp4"); socket.send("x", 9, to, () => socket.close(done)); });
	const open = async (unit, own, vpns) => {
		const plane = new UserSpacePlane(linux, events);
		await plane.addUnit(unit);
		plane.configure(vpns.map((one) => ({ unit, dfBit: "clear", ...one })), 0);
		await plane.attach(parseAddress(own), undefined);
		return plane;
	};
	const of = async (plane, vpn) => (await plane.report()).vpns.get(vpn);
`;

/** A sender and a receiver on loopback; what arrives is `length class first-octet`. */
export const socketsPrelude = `
	const { parseAddress } = await import("#base/address.ts");
	const { openLinux } = await import("#base/linux-shell.ts");
	const { openPacketCalls } = await import("#base/packet-calls-shell.ts");
	const { encodeSocketAddress } = await import("#base/socket-address.ts");
	const { EspPacketReceiver } = await import("#esp/esp-receiver-shell.ts");
	const { EspSender } = await import("#esp/esp-sender-shell.ts");
	const { MemoryPlan } = await import("#esp/memory-plan.ts");
	const linux = await openLinux();
	const calls = await openPacketCalls();
	const memory = calls.memory(4_194_304);
	const plan = new MemoryPlan(256);
	const tooLarge = [];
	const sender = new EspSender(calls, memory, plan, (path) => tooLarge.push(path.remote.port));
	const receiver = new EspPacketReceiver(calls, memory, plan);
	const namesAt = plan.take(640);
	const packetsAt = plan.take(200_000);
	const socketAt = (address, port, isEncapsulated = true) => {
		const local = parseAddress(address);
		const descriptor = isEncapsulated
			? linux.espDatagramSocket({ address: local, port, bufferOctets: 1_048_576 })
			: linux.rawSocket({ protocol: 50, local });
		return { descriptor, isIpv6: address.includes(":"), isEncapsulated, isFragmentable: true };
	};
	let names = 0;
	const pathOf = (socket, address, port) => {
		const nameAt = namesAt + names++ * 32;
		const remote = { address: parseAddress(address), port };
		const name = encodeSocketAddress({ ...remote, port: socket.isEncapsulated ? port : 0 }, true);
		memory.octets.set(name, nameAt);
		return { socket, remote, nameAt, nameOctets: name.length, mayJoin: true };
	};
	let at = packetsAt;
	const add = (path, octets, first, trafficClass = 0, flowLabel = 0, mayFragment = true) => {
		memory.octets.fill(first, at, at + octets);
		sender.add(path, at, octets, trafficClass, flowLabel, mayFragment);
		at += octets + 8;
	};
	const got = (socket) => {
		const packets = [];
		while (receiver.receive(socket, (place, octets, trafficClass) => packets.push([octets, trafficClass, memory.octets[place + octets - 1]].join(" ")))) {}
		return packets;
	};
`;
