// A browser that clicks: the forms of the emulator's pages, and one cookie.
import assert from 'node:assert/strict';

// Answers what the pages ask, from this URL on. Returns the URL that leads away from the emulator, or the last
// page that says that all is done.
export async function browse(base, url, { login = 'ada@example.com', answer: verdict = 'allow' } = {}) {
  const { origin } = new URL(base);
  let cookie = '';
  const fetched = async (target, init = {}) => {
    const headers = { ...init.headers, ...(cookie && { cookie }) };
    const answer = await fetch(target, { ...init, headers, redirect: 'manual' });
    const set = answer.headers.get('set-cookie');
    if (set) cookie = set.split(';')[0];
    return answer;
  };
  let answer = await fetched(url);
  let at = new URL(url);
  for (let step = 0; step < 10; step += 1) {
    const location = answer.headers.get('location');
    if (location) {
      const next = new URL(location, at);
      if (next.origin !== origin) return next;
      at = next;
      answer = await fetched(at);
      continue;
    }
    const page = await answer.text();
    assert.equal(answer.status, 200, page);
    if (/close this window/.test(page)) return at;
    const value = (name) => new RegExp(`name="?${name}"? value="([^"]*)"`).exec(page)?.[1] ?? '';
    const body = new URLSearchParams({ proof: value('proof') });
    if (value('ask')) body.set('ask', value('ask'));
    if (/name="loginId"/.test(page)) body.set('loginId', login);
    else if (/name=user_code/.test(page)) body.set('user_code', value('user_code'));
    else body.set(verdict, '1');
    const action = /action="([^"]*)"/.exec(page)[1];
    at = new URL(action, at);
    answer = await fetched(at, { method: 'POST', body, headers: { origin } });
  }
  throw new Error('the pages do not end');
}
