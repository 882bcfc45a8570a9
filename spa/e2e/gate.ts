/** A way to a system that can be closed, slow, or in the way: the page sees real connections that fail. */

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export type Mode = "open" | "slow" | "limited" | "logged-out";

export const SLOW_MS = 5000;
export const RETRY_AFTER_S = 3;

export class Gate {
  mode: Mode = "open";
  /** Paths of the API that were asked for while it was not open. */
  readonly refused: string[] = [];
  private server: Server | undefined;
  private port = 0;
  private readonly sockets = new Set<Socket>();
  private readonly target: URL;

  constructor(target: string) {
    this.target = new URL(target);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Listen, always on the same port; nothing if it does. */
  async start(): Promise<void> {
    if (this.server) return;
    const server = createServer((incoming, answer) => void this.answer(incoming, answer));
    server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, "127.0.0.1", resolve);
    });
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Refuse connections, and end those that are open. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve) ?? resolve(undefined));
    for (const socket of this.sockets) socket.destroy();
    await closed;
    this.server = undefined;
  }

  private async answer(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const path = incoming.url ?? "/";
    if (this.mode !== "open" && path.startsWith("/api/")) {
      this.refused.push(path);
      if (this.mode === "limited") return refuse(answer, 429, "rate_limited", "Too many requests.");
      if (this.mode === "logged-out") return refuse(answer, 401, "unauthorized", "Log in.");
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    }
    const { hostname, port } = this.target;
    const headers = { ...incoming.headers, host: this.target.host };
    const outgoing = request({ hostname, port, path, method: incoming.method, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      found.pipe(answer);
    });
    outgoing.on("error", () => answer.destroy());
    answer.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  }
}

function refuse(answer: ServerResponse, status: number, error: string, message: string): void {
  const retry = status === 429 ? { "retry-after": String(RETRY_AFTER_S) } : {};
  answer.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...retry });
  answer.end(JSON.stringify({ error, message, requestId: "gate" }));
}
