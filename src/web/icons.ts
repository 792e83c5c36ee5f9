/** Strokes of a 20 by 20 grid. */
const strokes = {
  alert: 'M5 14V9a5 5 0 0 1 10 0v5l1.5 1.5h-13zM8.5 17.5h3',
  check: 'M4 10.5l4 4 8-9',
  display: 'M3 6h6M13 6h4M3 14h2M9 14h8M9 6a2 2 0 1 0 4 0 2 2 0 1 0-4 0M5 14a2 2 0 1 0 4 0 2 2 0 1 0-4 0',
  fit: 'M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4M7 10h6M10 7v6',
  help: 'M7.5 7.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M10 14.5v.1M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 1 0 0-15',
  key: 'M9 11a3.5 3.5 0 1 1 0-.1M9 10.5h8.5M14.5 10.5v3M17 10.5v2',
  layout: 'M3 3.5h14v13H3zM10 3.5v13M3 10h14',
  lock: 'M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  pause: 'M7 4.5v11M13 4.5v11',
  picture: 'M3 6h3l1.5-2h5L14 6h3v10H3zM10 13.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 1 0 0 5.4',
  play: 'M6.5 4.5l9 5.5-9 5.5z',
  position: 'M10 3v3M10 14v3M3 10h3M14 10h3M10 5.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 1 0 0-9M10 9.5v1',
  reports: 'M4 4.5h12M4 8.2h12M4 11.8h8M4 15.5h8',
  screen: 'M3 7V3.5h4M13 3.5h4V7M17 13v3.5h-4M7 16.5H3V13',
  share: 'M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1-1',
} as const
export type IconName = keyof typeof strokes

/** A picture that says nothing to a screen reader: what it stands on carries the words. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 20 20')
  svg.setAttribute('aria-hidden', 'true')
  svg.classList.add('icon')
  const path = document.createElementNS(svg.namespaceURI, 'path') as SVGPathElement
  path.setAttribute('d', strokes[name])
  svg.append(path)
  return svg
}
