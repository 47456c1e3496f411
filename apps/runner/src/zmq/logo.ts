/** The kernel's logo in Jupyter's launcher. */
export const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none">
  <title>Mayfly</title>
  <style>.b{stroke:#171d1c}.f{fill:#171d1c}@media (prefers-color-scheme:dark){.b{stroke:#e6ecea}.f{fill:#e6ecea}}</style>
  <path d="M15.2 15.6C11.6 12.8 8 7.4 8.6 2.6c4.3 1.7 7.2 7 7.7 12z" fill="#149186"/>
  <path d="M17 15.3C16.7 10.8 19 5.3 24.6 2.2c1.4 5.3-2.6 10.6-6.5 13.5z" fill="#149186" opacity=".72"/>
  <path d="M18.4 17.2c2.8-2.3 6.6-3.5 10.2-2.6-1.6 3.2-5.8 4.9-9.4 4.4z" fill="#149186" opacity=".42"/>
  <path class="b" d="M17.8 14.6c.9.5 1.4 1.5.9 2.4-1.7 3.2-4.6 5.9-8 8.2" stroke-width="2.3" stroke-linecap="round"/>
  <path class="b" d="M10.7 25.2c-2.6 1.3-5 2.1-7.7 2.3M10.7 25.2c-1.9 1.9-3.7 3.3-6.1 4.7M10.7 25.2c-1 2-2 3.5-3.5 5.3" stroke-width="1.1" stroke-linecap="round"/>
  <circle class="f" cx="18.6" cy="13.9" r="1.7"/>
</svg>
`
