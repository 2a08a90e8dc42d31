import { nanosFromUsd } from '../money.ts'
import { minuteMs } from '../time.ts'
import type { LiveTemplate, Template } from './template.ts'
import { vllmDiskGb } from './vllm.ts'

const plain = {
  ports: [],
  health: null,
  environment: {},
  onstartScript: null,
  gpuModels: [],
  minVramGb: null,
  maxPricePerHour: null,
  vllm: null,
} satisfies Partial<Template>

/** A vLLM server. The image without its own start: that would not read our environment. */
const vllmServer = { ...plain, image: 'vllm/vllm-openai:latest', diskGb: vllmDiskGb }

const builtIn: readonly Template[] = [
  // Contract 000's.
  {
    ...vllmServer,
    name: 'high_performance',
    description: 'High performance work with large models',
    gpuModels: ['RTX4090', 'A100'],
    minVramGb: 24,
    maxPricePerHour: nanosFromUsd('2.0'),
    vllm: {
      vllm_model_name: 'Qwen/Qwen2.5-Coder-32B-Instruct',
      vllm_max_model_len: 8_192,
      vllm_gpu_memory_utilization: 0.95,
    },
  },
  {
    ...vllmServer,
    name: 'budget',
    description: 'Development, tests and small work',
    gpuModels: ['RTX3080', 'RTX3090', 'GTX1080Ti'],
    minVramGb: 8,
    maxPricePerHour: nanosFromUsd('0.5'),
    vllm: {
      vllm_model_name: 'Qwen/Qwen2.5-Coder-7B-Instruct',
      vllm_max_model_len: 2_048,
      vllm_gpu_memory_utilization: 0.8,
    },
  },
  {
    ...vllmServer,
    name: 'research',
    description: 'Research and experiments',
    gpuModels: ['RTX4070', 'RTX4080', 'RTX3090'],
    minVramGb: 16,
    maxPricePerHour: nanosFromUsd('1.0'),
    vllm: { vllm_model_name: 'Qwen/Qwen2.5-Coder-14B-Instruct' },
  },
  {
    ...vllmServer,
    name: 'default_vllm',
    description: 'A vLLM server with the usual settings; say what to rent',
    vllm: {
      vllm_model_name: 'Qwen/Qwen2.5-Coder-32B-Instruct',
      vllm_max_model_len: 4_096,
      vllm_gpu_memory_utilization: 0.9,
      vllm_pipeline_parallel_size: 1,
      vllm_tensor_parallel_size: 1,
    },
  },
  // Public images as their makers publish them; ports and health paths as their documents name them (read 2026-11).
  {
    ...plain,
    name: 'pytorch',
    description: 'PyTorch with CUDA, to log in and work',
    image: 'pytorch/pytorch:latest',
    diskGb: 40,
  },
  {
    ...plain,
    name: 'vllm',
    description: 'An OpenAI-compatible server; say which model with the environment of your image, or a start script',
    image: 'vllm/vllm-openai:latest',
    ports: [{ containerPort: 8000, protocol: 'tcp' }],
    health: { path: '/health', port: 8000, timeoutMs: 30 * minuteMs },
    diskGb: 80,
  },
  {
    ...plain,
    name: 'ollama',
    description: 'Ollama, which loads models when they are first asked for',
    image: 'ollama/ollama:latest',
    ports: [{ containerPort: 11434, protocol: 'tcp' }],
    health: { path: '/', port: 11434, timeoutMs: 10 * minuteMs },
    diskGb: 60,
    environment: { OLLAMA_HOST: '0.0.0.0' },
  },
  {
    ...plain,
    name: 'jupyter',
    description: 'Jupyter with PyTorch and CUDA; the token is in the log',
    image: 'quay.io/jupyter/pytorch-notebook:cuda12-latest',
    ports: [{ containerPort: 8888, protocol: 'tcp' }],
    health: { path: '/api', port: 8888, timeoutMs: 10 * minuteMs },
    diskGb: 40,
  },
]

/** The templates that come with the server. They cannot be changed or deleted. */
export const builtInTemplates: readonly LiveTemplate[] = builtIn.map((template) => ({
  name: template.name,
  version: 1,
  template,
  origin: 'built_in',
  createdAt: null,
  createdBy: null,
}))

export function builtInTemplate(name: string): LiveTemplate | undefined {
  return builtInTemplates.find((one) => one.name === name.toLowerCase())
}
