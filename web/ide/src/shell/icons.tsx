/* SPDX-License-Identifier: Apache-2.0 */
/* The IDE's icons: 24-unit outlines of the design, only those in use. A leading "!" fills the shape. */
import type { JSX } from "preact";

const rect = (x: number, y: number, w: number, h: number, r: number): string =>
  `M${x + r} ${y}h${w - 2 * r}a${r} ${r} 0 0 1 ${r} ${r}v${h - 2 * r}a${r} ${r} 0 0 1 -${r} ${r}h-${w - 2 * r}a${r} ${r} 0 0 1 -${r} -${r}v-${h - 2 * r}a${r} ${r} 0 0 1 ${r} -${r}z`;
const circle = (x: number, y: number, r: number): string => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 -${2 * r} 0z`;

const shapes = {
  alert: ["M12 4L2.8 19.500h18.400zM12 10v4M12 17v.01"],
  check: ["M5 12.500l4.5 4.500L19 7.5"],
  checkc: [circle(12, 12, 8.5), "M8.5 12.300l2.5 2.5 4.7-5"],
  clock: [circle(12, 12, 8.5), "M12 7.500V12l3 2"],
  code: ["M8.5 7l-5 5 5 5M15.5 7l5 5-5 5"],
  copy: [rect(9, 9, 11, 11, 1.5), "M5.5 15H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1h9a1 1 0 0 1 1 1v.5"],
  cpu: [rect(6.5, 6.5, 11, 11, 1.5), "M10 10h4v4h-4zM9.5 3v3M14.5 3v3M9.5 18v3M14.5 18v3M3 9.500h3M3 14.500h3M18 9.500h3M18 14.500h3"],
  cut: [circle(6.5, 6.5, 2.5), circle(6.5, 17.5, 2.5), "M8.3 8.300L20 19M8.3 15.700L20 5"],
  dots: [`!${circle(5, 12, 0.8)}`, `!${circle(12, 12, 0.8)}`, `!${circle(19, 12, 0.8)}`],
  down: ["M5 9l7 7 7-7"],
  download: ["M12 4v11M7.5 11l4.5 4.5 4.5-4.500M4.5 20h15"],
  edit: ["M4 20l1-4L16 5l3 3L8 19zM14 7l3 3"],
  ext: ["M13.5 4.500h6v6M19.5 4.500L11 13M10 6H5.500a1 1 0 0 0-1 1v11.500a1 1 0 0 0 1 1H17a1 1 0 0 0 1-1V14"],
  ff: ["M4 6l8 6-8 6zM12 6l8 6-8 6z"],
  file: ["M6 3.500h8l4.5 4.500V20a.8.8 0 0 1-.8.8H6a.8.8 0 0 1-.8-.8V4.300A.8.8 0 0 1 6 3.500zM13.5 3.500V8.500h5"],
  folder: ["M3.5 18V6a1 1 0 0 1 1-1H9l2.5 3h8a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1z"],
  grip: ["M9 6v.01M15 6v.01M9 12v.01M15 12v.01M9 18v.01M15 18v.01"],
  image: [rect(3.5, 5, 17, 14, 1.5), "M4 16l5-5 4 4 3-3 4.5 4.500M15.500 9v.01"],
  info: [circle(12, 12, 8.5), "M12 11v5M12 8v.01"],
  left: ["M15 5l-7 7 7 7"],
  list: ["M8.5 6.500H20M8.5 12H20M8.5 17.500H20M4.5 6.500h.01M4.5 12h.01M4.5 17.500h.01"],
  merge: [circle(6.5, 5.5, 2), circle(6.5, 18.5, 2), circle(17.5, 12, 2), "M6.5 7.500v9M6.500 8c0 3 4 4 9 4"],
  nb: [rect(5, 3.5, 14, 17, 1.5), "M9 3.500v17M12.5 8.500h3.500M12.5 12h3.5"],
  offline: ["M4 4l16 16M8.7 15.300a5 5 0 0 1 5.2-1.200M5.5 12a9 9 0 0 1 3.8-2.200M18.5 12a9 9 0 0 0-5-2.600M3 8.500a13 13 0 0 1 3-2M21 8.500A13.5 13.5 0 0 0 10.3 5M12 19h.01"],
  panel: [rect(3.5, 4.5, 17, 15, 1.5), "M14.5 4.500v15"],
  panelb: [rect(3.5, 4.5, 17, 15, 1.5), "M3.5 14h17"],
  panell: [rect(3.5, 4.5, 17, 15, 1.5), "M9.5 4.500v15"],
  paste: [rect(5, 4.5, 14, 16, 1.5), "M9 3h6v3H9zM8.5 11h7M8.5 15h5"],
  play: ["M7 5l12 7-12 7z"],
  plus: ["M12 5v14M5 12h14"],
  redo: ["M19 8H9a5 5 0 0 0 0 10h4M15.5 4.500L19 8l-3.500 3.5"],
  refresh: ["M19.5 12a7.5 7.5 0 1 1-2.3-5.400L19.5 9M19.5 4v5h-5"],
  restart: ["M4.5 12a7.5 7.5 0 1 0 2.3-5.400L4.5 9M4.5 4v5h5"],
  right: ["M9 5l7 7-7 7"],
  save: ["M5 4h11l4 4v11a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM8 4v5h7V4M8 20v-6h8v6"],
  search: [circle(11, 11, 6.5), "M16 16l4.5 4.5"],
  stop: [rect(6, 6, 12, 12, 1.5)],
  term: [rect(3, 4.5, 18, 15, 2), "M7 9.500l3 2.5-3 2.500M12.5 15h4"],
  theme: [circle(12, 12, 8.5), "!M12 3.500v17a8.5 8.5 0 0 0 0-17z"],
  trash: ["M4.5 7h15M9.5 7V4.500h5V7M6.5 7l.8 13h9.400l.8-13M10 11v5M14 11v5"],
  undo: ["M5 8h10a5 5 0 0 1 0 10h-4M8.5 4.500L5 8l3.500 3.5"],
  up: ["M5 15l7-7 7 7"],
  upload: ["M12 16V5M7.5 9L12 4.5 16.5 9M4.5 20h15"],
  x: ["M6 6l12 12M18 6L6 18"],
  xc: [circle(12, 12, 8.5), "M9 9l6 6M15 9l-6 6"],
};

export type IconName = keyof typeof shapes;

export function Icon({ name, size }: { name: IconName; size?: "s" | "l" }): JSX.Element {
  return (
    <svg class={size ? `icon icon-${size}` : "icon"} viewBox="0 0 24 24" aria-hidden="true">
      {shapes[name].map((d) => (d.startsWith("!") ? <path key={d} d={d.slice(1)} fill="currentColor" /> : <path key={d} d={d} />))}
    </svg>
  );
}

export function BrandMark(): JSX.Element {
  return (
    <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
      <path class="frame" d="M4 21V5.5A1.5 1.5 0 0 1 5.500 4h13A1.5 1.5 0 0 1 20 5.500V21M4 15.500h16" />
      <circle class="lamp" cx="12" cy="9.7" r="2.7" />
    </svg>
  );
}
