// A language model's server, as far as an agent needs one: it asks for one command after the other, whatever it is told.
// Speaks the Responses API as a stream of events. Commands are its arguments.
const commands = process.argv.slice(1);

function answer(request) {
  const done = request.input.filter((item) => item.type.endsWith("_output")).length;
  if (done >= commands.length) {
    const content = [{ type: "output_text", text: "all commands ran" }];
    return { type: "message", role: "assistant", id: "message", content };
  }
  const call = { type: "function_call", id: `item-${done}`, call_id: `call-${done}`, name: "exec_command" };
  return { ...call, arguments: JSON.stringify({ cmd: commands[done], yield_time_ms: 60000 }) };
}

function respond(request, response) {
  const usage = { input_tokens: 1, input_tokens_details: null, output_tokens: 1, output_tokens_details: null, total_tokens: 2 };
  const events = {
    "response.created": { response: { id: "response" } },
    "response.output_item.done": { item: answer(request) },
    "response.completed": { response: { id: "response", usage } },
  };
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const [type, fields] of Object.entries(events)) {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
  }
  response.end();
}

require("http")
  .createServer((incoming, response) => {
    let body = "";
    incoming.on("data", (piece) => (body += piece));
    incoming.on("end", () => {
      if (incoming.method === "POST" && incoming.url.endsWith("/responses")) return respond(JSON.parse(body), response);
      response.writeHead(404);
      response.end();
    });
  })
  .listen(80);
