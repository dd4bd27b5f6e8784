// The conforming batches of a JSON file, served by Express or Fastify: node batch_app.js express|fastify PORT FILE
"use strict";
const fs = require("node:fs");

const [framework, port, file] = process.argv.slice(2);
const { key, batches, errors } = JSON.parse(fs.readFileSync(file, "utf8"));
const CHALLENGE = 'Bearer realm="batches"';

function refusal(authorization) {
  if (authorization === undefined || authorization.trim() === "") return CHALLENGE;
  const [scheme, token, ...more] = authorization.trim().split(/ +/);
  if (scheme.toLowerCase() === "bearer" && token === key && more.length === 0) return null;
  return CHALLENGE + ', error="invalid_token"';
}

function express() {
  const app = require("express")();
  app.use((request, response, next) => {
    const challenge = refusal(request.headers.authorization);
    if (challenge === null) return next();
    response.set("WWW-Authenticate", challenge).status(401).json(errors["401"]);
  });
  app.get("/v1/batches/:id", (request, response) => {
    const batch = Object.hasOwn(batches, request.params.id) ? batches[request.params.id] : undefined;
    if (batch === undefined) return response.status(404).json(errors["404"]);
    response.set("Cache-Control", "private, no-store").json(batch);
  });
  app.all("/v1/batches/:id", (request, response) => response.set("Allow", "GET, HEAD").status(405).json(errors["405"]));
  app.use((request, response) => response.status(404).json(errors["404"]));
  app.use((error, request, response, next) => response.status(error.status || 500).json(errors["400"]));
  app.listen(Number(port), "127.0.0.1");
}

function fastify() {
  const app = require("fastify")({ routerOptions: { maxParamLength: 10000 } });
  app.addHook("onRequest", async (request, reply) => {
    const challenge = refusal(request.headers.authorization);
    if (challenge === null) return;
    return reply.header("WWW-Authenticate", challenge).code(401).type("application/json").send(JSON.stringify(errors["401"]));
  });
  const json = (reply, status, value) => reply.code(status).type("application/json").send(JSON.stringify(value));
  app.get("/v1/batches/:id", async (request, reply) => {
    const batch = Object.hasOwn(batches, request.params.id) ? batches[request.params.id] : undefined;
    return batch === undefined ? json(reply, 404, errors["404"]) : json(reply, 200, batch);
  });
  app.route({
    method: ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    url: "/v1/batches/:id",
    handler: async (request, reply) => json(reply.header("Allow", "GET, HEAD"), 405, errors["405"]),
  });
  app.setNotFoundHandler(async (request, reply) => json(reply, 404, errors["404"]));
  app.setErrorHandler(async (error, request, reply) => json(reply, error.statusCode || 500, errors["400"]));
  app.listen({ port: Number(port), host: "127.0.0.1" });
}

({ express, fastify })[framework]();
