/** Programs ask below /api, so an unknown path gets JSON, not a page. */
function notFound(request: Request): Response {
  const { pathname } = new URL(request.url);
  const message = `There is no ${request.method} ${pathname} here.`;
  return Response.json({ statusCode: 404, error: 'Not Found', message }, { status: 404 });
}

export {
  notFound as DELETE,
  notFound as GET,
  notFound as PATCH,
  notFound as POST,
  notFound as PUT,
};
