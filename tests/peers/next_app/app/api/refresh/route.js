// Refreshes the session of the cookies, and asks the management API for the user.
import { cookies } from 'next/headers';
import { createSdk } from '@descope/nextjs-sdk/server';

export async function POST() {
  const sdk = createSdk({});
  const jar = await cookies();
  try {
    const found = await sdk.validateAndRefreshSession(jar.get('DS')?.value, jar.get('DSR')?.value);
    jar.set('DS', found.jwt, { httpOnly: true, path: '/' });
    const { data } = await sdk.management.user.loadByUserId(found.token.sub);
    return Response.json({ sub: found.token.sub, email: data.email });
  } catch (error) {
    return Response.json({ error: String(error.message ?? error) }, { status: 401 });
  }
}
