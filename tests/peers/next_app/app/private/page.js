import { session } from '@descope/nextjs-sdk/server';

export default async function Private() {
  const found = await session({ logLevel: 'error' });
  return <main>{found ? `user ${found.token.sub}` : 'no session'}</main>;
}
