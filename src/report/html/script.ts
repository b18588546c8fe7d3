/**
 * The page's only script: values under the pointer or the arrow keys, and unfolding everything for print. It reads nothing but
 * numbers from `data-columns` and writes text, never markup.
 */
export const script = `'use strict';
for (const box of document.querySelectorAll('.chart-box')) {
  const chart = box.querySelector('svg');
  const tip = box.querySelector('.tip');
  const cursor = chart.querySelector('.cursor');
  const columns = JSON.parse(chart.dataset.columns);
  let index = -1;
  const show = (next) => {
    if (columns.length === 0) return;
    index = Math.max(0, Math.min(columns.length - 1, next));
    const [x, seconds, mean, least, greatest, sent, lost] = columns[index];
    cursor.setAttribute('x1', x);
    cursor.setAttribute('x2', x);
    const rtt = mean === null ? 'no answer' : least === greatest ? mean + ' ms' : mean + ' ms (' + least + ' to ' + greatest + ')';
    tip.textContent = '+' + seconds + ' s: ' + rtt + (sent > 1 ? ', ' + lost + ' of ' + sent + ' lost' : lost > 0 ? ', lost' : '');
    tip.hidden = false;
    const scale = chart.clientWidth / chart.viewBox.baseVal.width;
    const place = Math.min(x * scale + 12, chart.clientWidth - tip.offsetWidth - 4);
    tip.style.setProperty('left', Math.max(4, place) + 'px');
  };
  const hide = () => {
    tip.hidden = true;
    cursor.setAttribute('x1', -9);
    cursor.setAttribute('x2', -9);
  };
  chart.addEventListener('pointermove', (event) => {
    const place = ((event.clientX - chart.getBoundingClientRect().left) / chart.clientWidth) * chart.viewBox.baseVal.width;
    let low = 0;
    let high = columns.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (columns[middle][0] < place) low = middle + 1;
      else high = middle;
    }
    const before = columns[low - 1];
    show(before && place - before[0] < columns[low][0] - place ? low - 1 : low);
  });
  chart.addEventListener('pointerleave', hide);
  chart.addEventListener('blur', hide);
  chart.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(index + step);
  });
}
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
`;
