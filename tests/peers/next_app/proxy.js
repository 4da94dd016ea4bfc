// What runs before every page: the middleware of the SDK.
import { authMiddleware } from '@descope/nextjs-sdk/server';

export default authMiddleware({ redirectUrl: '/sign-in?from=middleware', publicRoutes: ['/open/*', '/api/refresh'], logLevel: 'error' });

export const config = { matcher: ['/((?!_next).*)'] };
