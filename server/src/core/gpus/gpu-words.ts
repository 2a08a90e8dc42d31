/**
 * What is left of a spelling when everything that does not tell models apart is gone.
 */
export interface GpuWords {
  /** Letters and digits only, lower case: `rtx4090`. Every word is in it. */
  literal: string
  /** Without vendor words, socket generation and GPU count: `NVIDIA A100-SXM4-80GB` is `a100sxm80gb`. */
  plain: string
  /** As `plain`, without the memory size. */
  bare: string
  /** GB per GPU as the spelling says. */
  memoryGb: number | null
}

/** Words that say who made it and not what it is. `gpu` is Lambda's prefix; `GPU+` of Paperspace keeps its plus. */
const emptyWords =
  /nvidia|geforce|tesla|\bamd\b|instinct|radeon|\b(?:gpu|generation|edition|graphics|laptop|oam|hbm\d\w?)\b(?!\+)/g

export function gpuWords(text: string): GpuWords {
  const spaced = text
    .toLowerCase()
    .replace(/[^a-z0-9+]+/g, ' ')
    .trim()
  const plain = spaced
    .replace(emptyWords, ' ')
    .trim()
    .replace(/^\d{1,2} ?x (?=\S)/, '') // `8x H100`, `gpu_8x_h100`
    .replace(/(?<=\S)x\d{1,2}$/, '') // `H100x8`
    .replace(/sxm\d\b/g, 'sxm')
  const memory = /(?:^|[^\d])(\d{1,3}) ?(?:gb|gib|g)\b/.exec(plain)
  const bare = memory ? plain.replace(/\d{1,3} ?(?:gb|gib|g)\b/, ' ') : plain
  return {
    literal: joined(spaced),
    plain: joined(plain),
    bare: joined(bare),
    memoryGb: memory ? Number(memory[1]) : null,
  }
}

/**
 * The other names under which people know a model, worked out from its canonical name: `A6000` for `RTX A6000`,
 * `RTX 8000` for `Quadro RTX 8000`, `4090` for `RTX 4090`, `RTX 4070S` for `RTX 4070 SUPER`.
 */
export function namesMadeFrom(name: string): string[] {
  const names = [name]
  const also = (pattern: RegExp, replacement: string) => {
    for (const known of [...names]) if (pattern.test(known)) names.push(known.replace(pattern, replacement))
  }
  also(/^RTX (?=A\d)/, '')
  also(/^Quadro /, '')
  also(/ Blackwell\b/, '')
  // Left as it is, `RTX 6000` would stand for the Turing card alone, and people who say it mostly mean this one.
  also(/ Ada$/, '')
  also(/^(?:RTX|GTX|RX) (?=\d{4}(?: |$))/, '')
  also(/^PRO (?=W\d)/, '')
  also(/ Ti SUPER$/, ' SUPER Ti')
  also(/ SUPER$/, 'S')
  return names
}

function joined(text: string): string {
  return text.replaceAll(' ', '')
}
