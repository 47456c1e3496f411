export const ROOT: string
export function run(
  command: string,
  args: string[],
  options?: { cwd?: string; env?: Record<string, string>; quiet?: boolean; ask?: boolean },
): Promise<string>
