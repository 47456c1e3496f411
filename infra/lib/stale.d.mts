export function digest(paths: string[]): string
export function unlessFresh(
  name: string,
  inputs: string[],
  product: string,
  build: () => Promise<unknown>,
): Promise<boolean>
