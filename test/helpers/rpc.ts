/** A JSON-RPC node that answers what it is told: for failures that a real one does not make on demand. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Answer = (method: string, params: unknown[]) => unknown;

/** Throw this from an {@link Answer} to answer with a JSON-RPC error. */
export class NodeError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(message: string, { code = -32000, data }: { code?: number; data?: unknown } = {}) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** Return this from an {@link Answer} to answer with an HTTP status, or never. */
export const SILENCE = Symbol("silence");
export class HttpStatus {
  readonly status: number;

  constructor(status: number) {
    this.status = status;
  }
}

export interface FakeNode {
  url: string;
  /** Methods asked for, in order. */
  methods: string[];
  close(): Promise<void>;
}

export async function fakeNode(answer: Answer): Promise<FakeNode> {
  const methods: string[] = [];
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: unknown[] };
      methods.push(method);
      const reply = (status: number, content: object): void => {
        response
          .writeHead(status, { "content-type": "application/json" })
          .end(JSON.stringify({ jsonrpc: "2.0", id, ...content }));
      };
      try {
        const result = answer(method, params);
        if (result === SILENCE) return;
        if (result instanceof HttpStatus) reply(result.status, {});
        else reply(200, { result });
      } catch (error) {
        if (!(error instanceof NodeError)) throw error;
        reply(200, { error: { code: error.code, message: error.message, data: error.data } });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    methods,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
