export default { devIndicators: false, serverExternalPackages: ['@descope/node-sdk'] };
