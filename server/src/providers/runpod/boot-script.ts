import { shellQuoted } from '../shell-quoted.ts'
/**
 * How an onstart script gets to run: RunPod knows none, so that it takes the place of the image's command. The image's own
 * entrypoint does not run then, save for `/start.sh`, with which RunPod's official images start sshd and Jupyter; there the
 * script runs beside it.
 *
 * It runs at every start of the container. When it ends, the container stays up.
 */
export function bootCommand(onstartScript: string): { entrypoint: string[]; cmd: string[] } {
  return { entrypoint: ['/bin/sh', '-c'], cmd: [bootScript(onstartScript)] }
}

export function bootScript(onstartScript: string): string {
  return [
    `printf %s ${shellQuoted(onstartScript)} > ${scriptFile}`,
    `chmod 700 ${scriptFile}`,
    `if [ -x /start.sh ]; then ${runScript(onstartScript)} & exec /start.sh; fi`,
    authoriseKey,
    runScript(onstartScript),
    'exec sleep infinity',
  ].join('\n')
}

const scriptFile = '/tmp/gpufleet-onstart.sh'

/** A script that names its interpreter gets it; others run under bash where there is one. */
function runScript(onstartScript: string): string {
  if (onstartScript.startsWith('#!')) return scriptFile
  return `"$(command -v bash || echo /bin/sh)" ${scriptFile}`
}

/** What an official image does with PUBLIC_KEY, for images that bring sshd but nothing to start it. */
const authoriseKey = `if [ -n "\${PUBLIC_KEY:-}" ] && command -v sshd > /dev/null 2>&1; then
  mkdir -p ~/.ssh /run/sshd && chmod 700 ~/.ssh && touch ~/.ssh/authorized_keys && chmod 600 ~/.ssh/authorized_keys
  printf '\\n%s\\n' "$PUBLIC_KEY" >> ~/.ssh/authorized_keys
  ssh-keygen -A > /dev/null 2>&1
  "$(command -v sshd)"
fi`
