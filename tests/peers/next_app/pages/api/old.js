// A handler of the older router.
import { getSession } from '@descope/nextjs-sdk/server';

export default async function handler(request, response) {
  const found = await getSession(request, { logLevel: 'error' });
  response.status(found ? 200 : 401).json({ sub: found?.token.sub ?? null });
}
