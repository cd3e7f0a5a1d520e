// Following something by server-sent events. They say that there is news; whoever follows fetches it as it always did, and
// asks from time to time for as long as this does not work.
"use strict";
// `address` answers (a promise of) the stream's address, `news` is called for each message, `stands(true)` when the stream is
// there and may have passed something over before, `stands(false)` when it is not.
window.followLive = (address, news, stands) => {
  const SOON = 1000, LATE = 60000, NONE = 300000, SPREAD = 400;
  let source = null;
  let failures = 0;
  let timer = 0;
  const some = (milliseconds) => milliseconds * (1 + Math.random());

  function shut() {
    clearTimeout(timer);
    if (!source) return;
    source.close();
    source = null;
    stands(false);
  }

  function failed(wait) {
    shut();
    timer = setTimeout(open, some(wait || Math.min(SOON * 2 ** failures, LATE)));
    failures += 1;
  }

  async function open() {
    if (source || document.hidden) return;
    let found;
    try { found = await address(); } catch { return failed(); }
    if (!found) return failed(NONE);
    if (source || document.hidden) return;
    source = new EventSource(found);
    source.onopen = () => { failures = 0; stands(true); };
    // All that follow are told at once; they need not all ask at once.
    source.addEventListener("change", () => setTimeout(news, Math.random() * SPREAD));
    source.onerror = () => failed();
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? shut() : open()));
  open();
};
