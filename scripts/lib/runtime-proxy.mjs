// node scripts/lib/runtime-proxy.mjs MODULE HOST PORT TOKEN NAMES: the proxy of @anthropic-ai/sandbox-runtime alone, with a
// list of names as its sandbox has it: what it decides by itself, compared with its own function, name after name.
import { readFileSync } from 'node:fs';

const [root, host, port, token, file] = process.argv.slice(2);
const { createHttpProxyServer } = await import(`${root}/dist/sandbox/http-proxy.js`);
const { matchesDomainPatternWithPort } = await import(`${root}/dist/sandbox/domain-pattern.js`);
const names = readFileSync(file, 'utf8').split('\n').filter(Boolean);
const filter = async (port, host) => names.some((name) => matchesDomainPatternWithPort(host, port, name));
createHttpProxyServer({ filter, proxyAuthToken: token }).listen(Number(port), host);
