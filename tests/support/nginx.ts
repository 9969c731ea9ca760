/** nginx as a server, with files in a folder of the test. */

import { type Process, start } from "./processes.ts";
import { findProgram } from "./programs.ts";

/** For `http`: connections of clients last, however many requests they carry. */
export const LASTING = "keepalive_requests 100000000;\n";

/** Starts nginx with one worker and `http` in its `http` block, its files below `dir`. */
export async function startNginx(dir: string, name: string, http: string): Promise<Process> {
  const files = `${dir}/${name}`;
  await Deno.mkdir(files);
  await Deno.writeTextFile(
    `${files}/nginx.conf`,
    `daemon off; master_process off; pid ${files}/pid; error_log /dev/null;
events { worker_connections 2048; }
http { access_log off; client_max_body_size 0;
client_body_temp_path ${files}/b; proxy_temp_path ${files}/p; fastcgi_temp_path ${files}/f; uwsgi_temp_path ${files}/u;
scgi_temp_path ${files}/s;
${http} }
`,
  );
  return start(name, findProgram("nginx")!, ["-p", files, "-c", `${files}/nginx.conf`]);
}
