// Steers a bridge that has one call in a meeting, through openapi-fetch and the generated types.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const environment = (name: string): string => {
  const value = process.env[name];
  assert(value, `${name} is not set`);
  return value;
};
const client = createClient<paths>({
  baseUrl: environment("API").replace(/\/conference\/v1$/, ""),
  headers: { Authorization: `Basic ${Buffer.from(environment("LOGIN")).toString("base64")}` },
});

const calls = await client.GET("/conference/v1/calls", { params: { query: { limit: 5, order: "created desc" } } });
const call: components["schemas"]["Call"] | undefined = calls.data?.items[0];
assert(call);
assert.equal(call.state, 2);

const path = { id: call.id };
const muted = await client.PUT("/conference/v1/calls/{id}", { params: { path }, body: { muteMode: 2, customName: "TypeScript" } });
assert.equal(muted.data?.muteMode, 2);
const open = await client.PUT("/conference/v1/calls/{id}", { params: { path }, body: { muteMode: 0 } });
assert.equal(open.data?.muteMode, 0);

const refused = await client.PUT("/conference/v1/calls/{id}", { params: { path }, body: { gainLevel: 99 } });
assert.equal(refused.response.status, 400);
assert.equal(refused.error?.errors[0]?.field, "gainLevel");

const made = await client.POST("/conference/v1/meetingRooms", {
  body: { primaryDidGroupId: 219, callFlowId: 3, keychain: [{ role: 1 }], attributes: [{ name: "conference_maxcalls", value: "7" }] },
});
const number = made.data?.meetingNumber;
assert(number);
assert.equal(made.data?.attributes[0]?.name satisfies components["schemas"]["AttributeName"] | undefined, "conference_maxcalls");
const gone = await client.DELETE("/conference/v1/meetingRooms/{number}", { params: { path: { number } } });
assert.equal(gone.response.status, 204);

const brief = await client.GET("/conference/v1/meetings", { params: { query: { include_fields: "meetingNumber,state" } } });
assert.deepEqual(brief.data?.items, [{ meetingNumber: 106131, state: 2 }]);

const log = await client.GET("/conference/v1/meetings/{number}/events", { params: { path: { number: 106131 }, query: { limit: 100 } } });
const joined: components["schemas"]["Event"] | undefined = log.data?.items.find((event) => event.type === "call.joined");
assert(joined);
assert.equal(joined.callId, call.id);
assert.deepEqual(joined.actor satisfies components["schemas"]["EventActor"], { callId: call.id, type: "call" });
assert.equal(joined.data.role, 1);

// Nothing of this type happens here: nobody is at that address.
const order: components["schemas"]["WebhookCreate"] = { url: "https://hooks.example.com/typescript", types: ["recording.failed"] };
const hook = await client.POST("/conference/v1/webhooks", { body: order });
assert.deepEqual([hook.data?.url, hook.data?.types, hook.data?.disabled], [order.url, order.types, false]);
assert.match(hook.data?.secret ?? "", /^whsec_/);
const id = hook.data?.id;
assert(id);
const removed = await client.DELETE("/conference/v1/webhooks/{id}", { params: { path: { id } } });
assert.equal(removed.response.status, 204);
const nothing = await client.GET("/conference/v1/webhooks/{id}", { params: { path: { id } } });
assert.equal(nothing.error?.code, 404);
console.log("steered by the TypeScript client");
