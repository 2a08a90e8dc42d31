import type { Wish } from '../instances/instance.ts'
import { minuteMs } from '../time.ts'

/** A launch that many people want, by name: what is not said in the request comes from here. */
export interface Template extends Pick<Wish, 'image' | 'ports' | 'health' | 'diskGb'> {
  name: string
  description: string
  environment: Readonly<Record<string, string>>
}

/** Public images as their makers publish them; ports and health paths as their documents name them (read 2026-11). */
export const templates: readonly Template[] = [
  {
    name: 'pytorch',
    description: 'PyTorch with CUDA, to log in and work',
    image: 'pytorch/pytorch:latest',
    ports: [],
    health: null,
    diskGb: 40,
    environment: {},
  },
  {
    name: 'vllm',
    description: 'An OpenAI-compatible server; say which model with the environment of your image, or a start script',
    image: 'vllm/vllm-openai:latest',
    ports: [{ containerPort: 8000, protocol: 'tcp' }],
    health: { path: '/health', port: 8000, timeoutMs: 30 * minuteMs },
    diskGb: 80,
    environment: {},
  },
  {
    name: 'ollama',
    description: 'Ollama, which loads models when they are first asked for',
    image: 'ollama/ollama:latest',
    ports: [{ containerPort: 11434, protocol: 'tcp' }],
    health: { path: '/', port: 11434, timeoutMs: 10 * minuteMs },
    diskGb: 60,
    environment: { OLLAMA_HOST: '0.0.0.0' },
  },
  {
    name: 'jupyter',
    description: 'Jupyter with PyTorch and CUDA; the token is in the log',
    image: 'quay.io/jupyter/pytorch-notebook:cuda12-latest',
    ports: [{ containerPort: 8888, protocol: 'tcp' }],
    health: { path: '/api', port: 8888, timeoutMs: 10 * minuteMs },
    diskGb: 40,
    environment: {},
  },
]

export function templateNamed(name: string): Template | undefined {
  return templates.find((template) => template.name === name.toLowerCase())
}
