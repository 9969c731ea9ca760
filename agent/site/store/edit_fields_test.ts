import assert from "node:assert/strict";
import { readDocuments } from "../documents.ts";
import { link, secret } from "../testing_link_files.ts";
import { editToCreate, editToDeleteLink, editToUpdate, type SpecFields } from "./edit_fields.ts";

const LISTENER = `# Of the shop
apiVersion: skupper.io/v2alpha1
kind: Listener
metadata:
  name: web # the front
spec:
  routingKey: shop
  host: 127.0.0.1
  port: 80 # for now
  observer: http1
`;
const FILES = new Map([["a.yaml", `${LISTENER}---\nkind: Connector\nmetadata: {name: web}\nspec: {}\n`]]);
const WEB = { kind: "Listener", name: "web" };

Deno.test("edit fields: an update changes what is given, and keeps comments and fields that it does not know", () => {
  const { changes, files } = editToUpdate(FILES, WEB, { port: 81, host: undefined, type: "http1" });
  assert.deepEqual(changes.map(({ action, file }) => [action, file]), [["update", "a.yaml"]]);
  const expected = LISTENER.replace("port: 80", "port: 81").replace(
    "observer: http1\n",
    "observer: http1\n  type: http1\n",
  );
  assert.equal(files.get("a.yaml"), FILES.get("a.yaml")?.replace(LISTENER, expected));
  assert.equal(editToUpdate(FILES, WEB, { port: 80 }).changes[0]?.action, "unchanged");
});

Deno.test("edit fields: a create writes what is given, and refuses what is there", () => {
  const { files } = editToCreate(FILES, { kind: "Connector", name: "123" }, {
    routingKey: "on",
    port: 1,
    type: undefined,
  });
  assert.equal(
    files.get("Connector-123.yaml"),
    'apiVersion: skupper.io/v2alpha1\nkind: Connector\nmetadata:\n  name: "123"\nspec:\n  routingKey: on\n  port: 1\n',
  );
  assert.throws(() => editToCreate(FILES, WEB, {}), { code: "SITE_EXISTS", message: /Listener web .*a\.yaml:2:1/ });
  assert.throws(() => editToUpdate(FILES, { kind: "Link", name: "web" }, { cost: 1 }), { code: "SITE_UNKNOWN" });
});

Deno.test("edit fields: a link goes with its private key, unless something else needs that", () => {
  const file = `${secret("hub")}---\n${link("hub", { secret: "hub" })}`;
  assert.deepEqual([...editToDeleteLink(new Map([["l.yaml", file]]), "hub").files], [["l.yaml", null]]);
  const shared = new Map([["l.yaml", file], ["other.yaml", link("other", { secret: "hub" })]]);
  const { changes, files } = editToDeleteLink(shared, "hub");
  assert.deepEqual(changes.map(({ kind }) => kind), ["Link"]);
  assert.match(files.get("l.yaml") ?? "", /kind: Secret/);
  assert.doesNotMatch(files.get("l.yaml") ?? "", /kind: Link/);
  assert.throws(() => editToDeleteLink(new Map(), "hub"), { code: "SITE_UNKNOWN" });
});

Deno.test("edit fields: a spec that is empty is filled, and the comment beside it stays", () => {
  const site = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata:\n  name: west\n";
  const update = (text: string) =>
    editToUpdate(new Map([["site.yaml", text]]), { kind: "Site", name: "west" }, { linkAccess: "default" })
      .files.get("site.yaml");
  for (const spec of ["", "spec:\n", "spec: null\n", "spec: {}\n"]) {
    const [document] = readDocuments(update(`${site}${spec}`) ?? "", "site.yaml");
    assert.deepEqual(document?.value["spec"], { linkAccess: "default" }, spec);
  }
  assert.equal(update(`${site}spec: # none yet\n`), `${site}spec:\n  # none yet\n  linkAccess: default\n`);
});

Deno.test("edit fields: what refers to a value that changes keeps what it said", () => {
  const connector = (spec: string) =>
    `apiVersion: skupper.io/v2alpha1\nkind: Connector\nmetadata:\n  name: web\n${spec}`;
  const update = (spec: string, fields: SpecFields) => {
    const files = new Map([["web.yaml", connector(spec)]]);
    return editToUpdate(files, { kind: "Connector", name: "web" }, fields).files.get("web.yaml");
  };
  assert.equal(
    update("spec:\n  port: &p 8080 # of the app\n  healthCheck:\n    tcp:\n      port: *p # the same\n", {
      port: 9090,
    }),
    connector("spec:\n  port: &p 9090 # of the app\n  healthCheck:\n    tcp:\n      port: 8080 # the same\n"),
  );
  // The alias itself may be what changes, and the anchor in what is replaced as a whole.
  assert.equal(
    update("spec:\n  healthCheck: {tcp: {port: &p 8080}}\n  port: *p # the same\n", { port: 9090 }),
    connector("spec:\n  healthCheck: { tcp: { port: &p 8080 } }\n  port: 9090 # the same\n"),
  );
  assert.equal(
    update("spec:\n  healthCheck: {tcp: {port: &p 8080}}\n  port: *p\n", { healthCheck: { tcp: {} } }),
    connector("spec:\n  healthCheck:\n    tcp: {}\n  port: 8080\n"),
  );
  const shared = "other: &all\n  port: &p 8080\n  extra: *p\n";
  assert.equal(
    update(`${shared}spec: *all\n`, { port: 9090 }),
    connector(`${shared}spec:\n  port: 9090\n  extra: *p\n`),
  );
  assert.equal(
    update("spec: &all\n  port: 8080\nother: *all\n", { port: 9090 }),
    connector("spec: &all\n  port: 9090\nother:\n  port: 8080\n"),
  );
});
