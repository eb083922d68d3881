// Asks dns.lookup, which is the C library's, and for other types dns.resolve, which is c-ares without a search list.
// Arguments and output are those of resolve.c.
import dns from "node:dns/promises";

const WORDS = {
  ENOTFOUND: "missing",
  ENODATA: "empty",
  EAI_AGAIN: "failing",
  ESERVFAIL: "failing",
  ETIMEOUT: "timeout",
};

async function ask(kind, name) {
  if (kind === "ADDR") return (await dns.lookup(name, { all: true })).map((each) => each.address);
  return (await dns.resolveSrv(name)).map((each) => `${each.port}:${each.name}`);
}

for (const each of process.argv.slice(2)) {
  const [kind, name] = each.split("=");
  try {
    console.log(each, (await ask(kind, name)).sort().join(","));
  } catch (error) {
    console.log(each, WORDS[error.code] ?? error.code);
  }
}
