// A passkey in software: ES256, with attestation `none`; see authenticator.py.

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const sha256 = (data) => createHash('sha256').update(data).digest();

function head(major, number) {
  if (number < 24) return Buffer.from([(major << 5) | number]);
  if (number < 256) return Buffer.from([(major << 5) | 24, number]);
  return Buffer.from([(major << 5) | 25, number >> 8, number & 255]);
}

/** As much of CBOR (RFC 8949) as an attestation needs. */
function cbor(value) {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'string') return Buffer.concat([head(3, value.length), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  const pairs = value instanceof Map ? [...value] : Object.entries(value);
  return Buffer.concat([head(5, pairs.length), ...pairs.flat().map(cbor)]);
}

export class Authenticator {
  constructor(origin) {
    this.origin = origin;
    this.key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.id = randomBytes(16);
    this.count = 0;
  }

  clientData(type, challenge) {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin }));
  }

  data(rpId, flags, rest = Buffer.alloc(0)) {
    this.count += 1;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(this.count);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count, rest]);
  }

  options(text) {
    const parsed = JSON.parse(text);
    const options = parsed.publicKey ?? parsed;
    return [options, options.rp?.id ?? options.rpId ?? new URL(this.origin).hostname];
  }

  /** The answer of `navigator.credentials.create`, as JSON. */
  create(text) {
    const [options, rpId] = this.options(text);
    const { x, y } = this.key.publicKey.export({ format: 'jwk' });
    const [px, py] = [x, y].map((part) => Buffer.from(part, 'base64url'));
    const cose = cbor(new Map([[1, 2], [3, -7], [-1, 1], [-2, px], [-3, py]]));
    const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, this.id.length]), this.id, cose]);
    const attestation = { fmt: 'none', attStmt: {}, authData: this.data(rpId, 0x45, credential) };
    return this.answer({
      attestationObject: cbor(attestation).toString('base64url'),
      clientDataJSON: this.clientData('webauthn.create', options.challenge).toString('base64url'),
    });
  }

  /** The answer of `navigator.credentials.get`, as JSON. */
  get(text) {
    const [options, rpId] = this.options(text);
    const clientData = this.clientData('webauthn.get', options.challenge);
    const data = this.data(rpId, 0x05);
    const signature = sign('sha256', Buffer.concat([data, sha256(clientData)]), this.key.privateKey);
    return this.answer({
      authenticatorData: data.toString('base64url'),
      clientDataJSON: clientData.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: '',
    });
  }

  answer(response) {
    const id = this.id.toString('base64url');
    return JSON.stringify({ id, rawId: id, type: 'public-key', response });
  }
}
