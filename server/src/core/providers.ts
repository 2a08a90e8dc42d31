/** The marketplaces, in the order in which we list them. */
export const providerNames = ['vast', 'runpod', 'lambda', 'paperspace', 'novita'] as const
export type ProviderName = (typeof providerNames)[number]

/** The names under which the API shows them; contract 003 fixes the first, second and fourth. */
export const publicProviderNames: Record<ProviderName, string> = {
  vast: 'vast_ai',
  runpod: 'runpod',
  lambda: 'lambda_labs',
  paperspace: 'paperspace',
  novita: 'novita',
}

/** `vast_ai`, `vast.ai`, `Vast`, `lambda-labs`, `lambdaLabs` … are all understood; anything else is undefined. */
export function providerNamed(text: string): ProviderName | undefined {
  const plain = text.toLowerCase().replace(/[^a-z]/g, '')
  return providerNames.find((name) => [name, `${name}ai`, `${name}labs`, `${name}cloud`].includes(plain))
}
