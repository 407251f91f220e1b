// A request listener called with the request and response objects of node:http, but no socket: only its own work is measured.
import { IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import { Socket } from 'node:net';

export type Answer = { readonly status: number; readonly body: string };

export function callWithoutNetwork(
  listener: RequestListener,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Answer> {
  const request = new IncomingMessage(new Socket());
  request.method = 'POST';
  request.url = path;
  request.headers = { ...headers, 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) };
  request.push(body);
  request.push(null);
  const response = new ServerResponse(request);
  return new Promise((resolve) => {
    response.end = (chunk?: unknown) => {
      resolve({ status: response.statusCode, body: String(chunk) });
      return response;
    };
    listener(request, response);
  });
}
