import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const source = `system {
    syslog {
        archive size 1m files 5;
        user * {
            any emergency;
        }
        host 192.0.2.9 {
            any any;
            authorization info;
            facility-override local3;
            port 5514;
            structured-data brief;
        }
        file messages {
            any critical;
            authorization info;
            match "login|commit";
            archive size 64k files 2 world-readable;
            structured-data;
        }
        console {
            any error;
        }
        time-format year millisecond;
    }
}
`;

test("facility and severity stand on one line, for users, hosts, files and the console", () => {
	assert.equal(printedForm(source), source);
	const { host, user } = configOf(source).system.syslog;
	assert.equal(user.get("*")?.contents.get("any")?.severity, "emergency");
	assert.deepEqual([...(host.get("192.0.2.9")?.contents.keys() ?? [])], ["any", "authorization"]);
	assert.equal(configOf(source).system.syslog.file.get("messages")?.structuredData?.brief, false);
});

test("a facility without a severity, a severity that does not exist, a file elsewhere: refused", () => {
	const within = (text: string) => findingsOf(`system { syslog { ${text} } }`);
	assert.match(within("file m { any; }").join(), /missing mandatory statement: 'severity'/);
	assert.match(within("file m { any loud; }").join(), /loud/);
	assert.match(within("file ../m { any any; }").join(), /invalid filename/);
	assert.deepEqual(within("file m { any any; }"), []);
});
