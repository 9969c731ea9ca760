/**
 * A server for long bodies as a process of its own, in HTTP/1.1 and HTTP/2: `bulk_server.ts PORT`. GET `/?size=N` sends N octets,
 * POST and PUT answer with the digest of what was sent.
 */

import { bulk, digestOf } from "./bulk.ts";

Deno.serve({ port: Number(Deno.args[0]), hostname: "127.0.0.1", onListen() {} }, async (request) => {
  if (request.method !== "GET") return new Response(await digestOf(request.body ?? []));
  const size = Number(new URL(request.url).searchParams.get("size"));
  const pieces = bulk(size);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { value } = pieces.next();
      if (value === undefined) controller.close();
      else controller.enqueue(value.slice());
    },
  });
  return new Response(body, { headers: { "content-length": `${size}` } });
});
