// For other sites' pages: a button that opens the chat in a frame. Nothing of the host page is read or changed, and
// its content security policy needs no 'unsafe-inline': only script-src and frame-src for this server.

(() => {
  const origin = new URL(document.currentScript.src).origin;
  const FRONT = 2147483000; // above whatever the host page has

  const make = (tag, style, properties) => {
    const node = Object.assign(document.createElement(tag), properties);
    Object.assign(node.style, style); // through the object model: allowed where inline styles are not
    return node;
  };

  const button = make('button', {
    position: 'fixed', right: '16px', bottom: '16px', zIndex: FRONT, minHeight: '56px', padding: '0 24px', border: '0',
    borderRadius: '28px', background: '#0b5345', color: '#fff', font: '600 18px/1.3 system-ui, sans-serif',
    boxShadow: '0 2px 12px rgb(0 0 0 / 35%)', cursor: 'pointer',
  }, { type: 'button', textContent: 'Hỏi đáp' });
  button.setAttribute('aria-expanded', 'false');

  const panel = make('div', {
    position: 'fixed', right: '0', bottom: '0', zIndex: FRONT, display: 'none', flexDirection: 'column',
    width: 'min(420px, 100%)', height: 'min(720px, 100%)', background: '#fff',
    boxShadow: '0 2px 24px rgb(0 0 0 / 35%)',
  });
  panel.setAttribute('role', 'dialog');
  panel.setAttribute('aria-label', 'Hotline chuyển đổi số');
  const close = make('button', {
    flex: 'none', minHeight: '48px', padding: '0 16px', border: '0', background: '#0a241d', color: '#fff',
    font: '600 18px/1.3 system-ui, sans-serif', textAlign: 'right', cursor: 'pointer',
  }, { type: 'button', textContent: 'Đóng ✕' });
  const frame = make('iframe', { flex: '1', width: '100%', border: '0' }, { title: 'Hotline chuyển đổi số' });
  panel.append(close, frame);

  const show = (isOpen) => {
    if (isOpen && !frame.src) frame.src = `${origin}/?embed=1`; // only who opens the chat loads it
    panel.style.display = isOpen ? 'flex' : 'none';
    button.style.display = isOpen ? 'none' : 'block';
    button.setAttribute('aria-expanded', String(isOpen));
    (isOpen ? close : button).focus();
  };
  button.addEventListener('click', () => show(true));
  close.addEventListener('click', () => show(false));
  panel.addEventListener('keydown', (event) => { if (event.key === 'Escape') show(false); });

  // Apart from the host page's styles, and they from ours
  const place = document.createElement('div');
  place.attachShadow({ mode: 'open' }).append(button, panel);
  const begin = () => document.body.append(place);
  if (document.body) begin();
  else document.addEventListener('DOMContentLoaded', begin);
})();
