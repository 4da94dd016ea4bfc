// A handler of a request: what the session says, and whether the middleware passed a header of the visitor's own.
import { headers } from 'next/headers';
import { session } from '@descope/nextjs-sdk/server';

export async function GET() {
  const found = await session({ logLevel: 'error' });
  const forged = (await headers()).get('x-descope-session');
  if (!found) return Response.json({ forged }, { status: 401 });
  const { sub, roles, tenants } = found.token;
  return Response.json({ sub, roles, tenants, jwt: found.jwt, forged });
}
