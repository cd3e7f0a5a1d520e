// A receiver around the sample of the API's page: `node sample.js PORT FILE`, where FILE exports the page's verifyWebhook, and
// the secret is in TILTYARD_WEBHOOK_SECRET. It answers 204 to what is ours and 401 to anything else; `GET /` tells what came.
const http = require("node:http");
const verifyWebhook = require(process.argv[3]);

const secret = process.env.TILTYARD_WEBHOOK_SECRET;
const came = [];

function ours(body, signature) {
  try {
    return verifyWebhook(body, signature ?? "", secret);
  } catch {
    return false; // the sample's comparison throws where the lengths differ
  }
}

http
  .createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      if (request.method === "GET") return response.end(JSON.stringify(came));
      const body = Buffer.concat(parts);
      const status = ours(body, request.headers["x-lightchallenge-signature"]) ? 204 : 401;
      came.push({ headers: request.headers, body: body.toString(), status });
      response.writeHead(status).end();
    });
  })
  .listen(Number(process.argv[2]), "127.0.0.1");
