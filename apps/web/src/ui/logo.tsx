/** The mayfly: two fans of wings spread from one body (a map), three tail threads (its results) trailing behind. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true" focusable="false">
      <path d="M15.2 15.6C11.6 12.8 8 7.4 8.6 2.6c4.3 1.7 7.2 7 7.7 12z" fill="var(--accent)" />
      <path d="M17 15.3C16.7 10.8 19 5.3 24.6 2.2c1.4 5.3-2.6 10.6-6.5 13.5z" fill="var(--accent)" opacity=".72" />
      <path d="M18.4 17.2c2.8-2.3 6.6-3.5 10.2-2.6-1.6 3.2-5.8 4.9-9.4 4.4z" fill="var(--accent)" opacity=".42" />
      <path
        d="M17.8 14.6c.9.5 1.4 1.5.9 2.4-1.7 3.2-4.6 5.9-8 8.2"
        stroke="var(--ink)"
        strokeWidth="2.3"
        strokeLinecap="round"
      />
      <path
        d="M10.7 25.2c-2.6 1.3-5 2.1-7.7 2.3M10.7 25.2c-1.9 1.9-3.7 3.3-6.1 4.7M10.7 25.2c-1 2-2 3.5-3.5 5.3"
        stroke="var(--ink)"
        strokeWidth="1.1"
        strokeLinecap="round"
      />
      <circle cx="18.6" cy="13.9" r="1.7" fill="var(--ink)" />
    </svg>
  )
}
