import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const source = `security {
    utm {
        custom-objects {
            mime-pattern video {
                value [ video/mp4 video/quicktime ];
            }
            filename-extension programs {
                value [ exe dll ];
            }
            protocol-command risky {
                value [ EXPN VRFY ];
            }
            url-pattern partners {
                value [ *.partner.example partner.example ];
            }
            custom-url-category trusted {
                value partners;
            }
            custom-message no {
                type user-message;
                content "Not from here.";
            }
        }
        feature-profile {
            anti-virus {
                type clamd;
                clamd {
                    socket /run/clamav/clamd.ctl;
                    connections 4;
                }
                mime-whitelist video;
                url-whitelist trusted;
                profile av {
                    fallback-options {
                        default block;
                        content-size log-and-permit;
                        timeout permit;
                    }
                    scan-options {
                        content-size-limit 20000;
                        decompress-layer-limit 3;
                    }
                    trickling {
                        timeout 10;
                    }
                    notification-options {
                        custom-message no;
                    }
                }
            }
            web-filtering {
                profile web {
                    category gambling {
                        action block;
                        custom-message no;
                    }
                    category trusted {
                        action permit;
                    }
                    site-reputation-action {
                        harmful block;
                    }
                    default log-and-permit;
                    fallback-settings {
                        timeout block;
                    }
                }
            }
            content-filtering {
                profile content {
                    block-command risky;
                    block-extension programs;
                    block-mime {
                        list video;
                    }
                    block-content-type {
                        exe;
                        zip;
                    }
                }
            }
        }
        utm-policy office {
            anti-virus {
                http-profile av;
                smtp-profile av;
            }
            content-filtering {
                http-profile content;
            }
            web-filtering {
                http-profile web;
            }
            traffic-options {
                sessions-per-client {
                    limit 100;
                    over-limit block;
                }
            }
        }
    }
}
`;

test("objects, profiles and policies are printed as entered", () => {
	assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(source), []);
	assert.equal(printedForm(source.replaceAll("whitelist", "allowlist")), source);
});

test("without a statement, what could not be scanned is blocked", () => {
	const { fallbackOptions } = configOf(source).security.utm.featureProfile.antiVirus.profile.get("av") ?? {};
	assert.equal(fallbackOptions?.corruptFile, "block");
	assert.equal(fallbackOptions?.timeout, "permit");
});

test("antivirus that a policy asks for is switched on, and an ICAP server is named", () => {
	assert.deepEqual(findingsOf(source.replace("type clamd", "type none")), [
		"error security utm utm-policy office 'anti-virus': no antivirus is switched on; set security utm feature-profile anti-virus type clamd",
	]);
	assert.deepEqual(findingsOf("security { utm { feature-profile { anti-virus { type icap; } } } }"), [
		"error security utm feature-profile anti-virus 'type': icap needs 'icap-profile'",
	]);
});

test("a message that leads elsewhere is an address", () => {
	const message = (content: string) =>
		findingsOf(`security { utm { custom-objects { custom-message m { type redirect-url; content "${content}"; } } } }`);
	assert.deepEqual(message("https://help.example/"), []);
	assert.deepEqual(message("elsewhere"), [
		"error security utm custom-objects custom-message m 'content': 'elsewhere' is no URL",
	]);
});

test("profiles and objects must exist", () => {
	assert.match(
		findingsOf("security { utm { utm-policy p { anti-virus { http-profile x; } } } }").join(),
		/'x' is not defined/,
	);
	assert.match(
		findingsOf("security { utm { custom-objects { custom-url-category c; } } }").join(),
		/missing mandatory statement: 'value'/,
	);
});
