// What a test reaches of a Worker that no request does: its other handlers, and
// the queues it is bound to.

export default {
  async fetch(request, env) {
    const url = new URL(request.url)
    switch (url.pathname) {
      case "/scheduled":
        return Response.json(await env.MAIN.scheduled({ cron: "* * * * *" }))
      case "/backlog":
        return Response.json(await env[url.searchParams.get("queue")].metrics())
      case "/clock":
        // A queue looks at its clock when it is next called.
        await env.QUEUES.fetch(`http://queues/clock${url.search}`, { method: "POST" })
        return Response.json(await env.MESSAGES.metrics())
    }
    return new Response(null, { status: 404 })
  },
}
